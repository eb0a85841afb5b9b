"""What a study file can say of a picture's settings, and in plain words what it cannot: nothing is dropped in silence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from models.errors import InputError
from optimizer.render.schedulers import sampler_named
from studies.a1111.infotext import Infotext, joined_sampler

REASONS: Final = (
    ("Hires ", "hires fix draws another image; enlarge the pick instead"),
    ("First pass ", "hires fix draws another image; enlarge the pick instead"),
    ("Denoising strength", "belongs to hires fix or img2img, which draw from another image"),
    ("ADetailer", "redraws faces or hands of the finished image"),
    ("ControlNet", "guides the image by another"),
    ("Variation seed", "mixes the noise of two seeds"),
    ("Seed resize", "takes the noise of another size"),
    ("Face restoration", "redraws faces of the finished image"),
    ("Refiner", "changes the base halfway"),
    ("Hypernet", "is no LoRA"),
    ("Module ", "Forge's VAE or text encoder: a VAE goes to base.vae"),
    ("AddNet", "names a network that is no LoRA"),
    ("TI hashes", "textual inversions whose names are no file names"),
)
OTHERWISE: Final = "has no place in a study"
SILENT: Final = frozenset(["Version", "User", "VAE hash", "Hashes"])
"""Keys that decide nothing."""
OTHER_NETWORK: Final = re.compile(r"\s*<(?!lora:|lyco:)(\w+):[^<>]*>")
EMBEDDING: Final = re.compile(r"[\w .()+-]+")


@dataclass(frozen=True)
class CarriedLora:
    """`key` names the LoRA in the study, `file` is its file's stem; `hash` is empty where the picture tells none."""

    key: str
    file: str
    start: float
    hash: str


@dataclass
class Carried:
    """Values that a study file takes, and `notes`: one line for each thing that differs from the picture."""

    prompt: str = ""
    negative: str = ""
    model: str = "base"
    vae: str = ""
    clip_skip: int = 1
    embeddings: list[str] = field(default_factory=list)
    rng: str = "gpu"
    ensd: int = 0
    width: int = 512
    height: int = 768
    steps: int = 30
    sampler: str = "DPM++ 2M Karras"
    cfg: float = 7.5
    seed: int | None = None
    loras: list[CarriedLora] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def within(self, name: str, value: float | None, default: float, low: float, high: float) -> float:
        """`value` as far as a study allows it, else `default`; noted where they differ."""
        if value is None:
            self.notes.append(f"{name}: not told, {default:g} is a guess")
            return default
        kept = min(max(value, low), high)
        if kept != value:
            self.notes.append(f"{name}: {value:g} in the picture; a study takes {low:g} to {high:g}")
        return kept


def carried_from(info: Infotext) -> Carried:
    found = Carried()
    _prompts(found, info)
    _base(found, info)
    _render(found, info)
    _noise(found, info)
    _loras(found, info)
    read = {"ENSD", "VAE", "TI hashes"}
    for key, value in info.other.items():
        if key not in SILENT | read:
            found.notes.append(_not_carried(key, value))
    return found


def _prompts(found: Carried, info: Infotext) -> None:
    found.prompt, found.negative = OTHER_NETWORK.sub("", info.prompt).strip(), info.negative
    for match in OTHER_NETWORK.finditer(info.prompt):
        found.notes.append(f"{match[0].strip()}: taken out of the prompt, only LoRAs are known here")


def _base(found: Carried, info: Infotext) -> None:
    if info.model is None:
        found.notes.append("the base: not told")
    elif info.model_hash:
        found.notes.append(f"the base's hash: {info.model_hash}; the file's name is all that is looked for")
    found.model = _stem(info.model or "base")
    vae = info.other.get("VAE", "None")
    found.vae = "" if vae in ("None", "Automatic") else _last(vae)
    found.clip_skip = round(found.within("Clip skip", info.clip_skip, 1, 1, 4))
    names = [part.partition(":")[0].strip() for part in info.other.get("TI hashes", "").split(",")]
    for name in filter(None, names):
        if EMBEDDING.fullmatch(name):
            found.embeddings.append(f"embeddings/{name}.pt")
        else:
            found.notes.append(_not_carried("TI hashes", name))


def _render(found: Carried, info: Infotext) -> None:
    if info.size is None:
        found.notes.append("Size: not told, 512x768 is a guess")
    else:
        found.width, found.height = (min(max(round(length / 8) * 8, 32), 4096) for length in info.size)
        if (found.width, found.height) != info.size:
            found.notes.append(f"Size: {info.size[0]}x{info.size[1]} in the picture; a study takes multiples of 8, 32 to 4096")
    found.steps = round(found.within("Steps", info.steps, 30, 1, 200))
    found.cfg = found.within("CFG scale", info.cfg, 7.5, 1, 30)
    if info.sampler is None:
        found.notes.append(f"Sampler: not told, {found.sampler} is a guess")
        return
    told = joined_sampler(info.sampler, info.schedule)
    known = next((name for name in (told, info.sampler) if _is_known(name)), found.sampler)
    found.sampler = known
    if known != told:
        found.notes.append(f"Sampler: {told} in the picture, which is not known here; {known} stands in its place")


def _noise(found: Carried, info: Infotext) -> None:
    found.rng = info.rng.lower()
    if found.rng not in ("cpu", "gpu", "nv"):
        found.rng = "gpu"
        found.notes.append(f"RNG: {info.rng} in the picture, which is not known here")
    if info.seed is not None and 0 <= info.seed < 2**32:
        found.seed = info.seed
    else:
        found.notes.append("Seed: not told" if info.seed is None else f"Seed: {info.seed}; a study takes 0 to {2**32 - 1}")
    ensd = info.other.get("ENSD", "0")
    if re.fullmatch(r"\d{1,10}", ensd) and int(ensd) < 2**32:
        found.ensd = int(ensd)
    else:
        found.notes.append(_not_carried("ENSD", ensd))


def _loras(found: Carried, info: Infotext) -> None:
    for name, weight in info.loras.items():
        key = _key(name, [lora.key for lora in found.loras])
        start = found.within(f"LoRA {name}", weight, 0.4, 0, 2)
        found.loras.append(CarriedLora(key, _stem(name), start, _hash(info.lora_hashes, name)))
        if name in info.text_encoder_weights:
            text = info.text_encoder_weights[name]
            found.notes.append(f"LoRA {name}: text encoder at {text:g} in the picture; a study has one weight for both")
        if name in info.lora_options:
            found.notes.append(f"LoRA {name}: {info.lora_options[name]} in its tag, which is not known here")


def _not_carried(key: str, value: str) -> str:
    reason = next((reason for start, reason in REASONS if key.startswith(start)), OTHERWISE)
    shown = value if len(value) <= 80 else f"{value[:80]}..."
    return f"{key}: {shown} ({reason})"


def _is_known(sampler: str) -> bool:
    try:
        sampler_named(sampler)
    except InputError:
        return False
    return True


def _key(name: str, taken: list[str]) -> str:
    """A name that study files allow: letters, digits, _ and -, not beginning with -, and not twice the same."""
    plain = "".join(c if c.isalpha() or c.isdecimal() or c == "-" else "_" for c in name)
    plain = f"_{plain[1:]}" if plain.startswith("-") else plain or "lora"
    return next(key for key in (plain, *(f"{plain}_{i}" for i in range(2, len(taken) + 3))) if key not in taken)


def _last(path: str) -> str:
    """The last part of a path: names in a picture must not lead out of the study's folders."""
    part = "".join(c for c in re.split(r"[/\\]", path)[-1] if c.isprintable()).strip()
    return part if part.strip(".") else "unnamed"


def _stem(path: str) -> str:
    return _last(path).removesuffix(".safetensors")


def _hash(hashes: Mapping[str, str], name: str) -> str:
    return "".join(c for c in hashes.get(name, "") if c.isalnum() and c.isascii())

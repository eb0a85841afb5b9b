"""The settings of a picture as a study file expresses them, and a note for each one that it cannot express."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from models.errors import InputError
from optimizer.render.samplers import sampler_named
from studies.picture_settings.infotext import joined_sampler
from studies.picture_settings.settings import PictureSettings

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
"""Keys that change no image."""
OTHER_NETWORK: Final = re.compile(r"\s*<(?!lora:|lyco:)(\w+):[^<>]*>")
EMBEDDING: Final = re.compile(r"[\w .()+-]+")


@dataclass(frozen=True)
class LoraSettings:
    """`key` names the LoRA in the study, `file` is the stem of its file; `hash` is empty where the picture names none."""

    key: str
    file: str
    start: float
    hash: str


@dataclass
class StudySettings:
    """Values for a study file, and `notes`: one line for each difference from the picture."""

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
    loras: list[LoraSettings] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def within(self, name: str, value: float | None, default: float, low: float, high: float) -> float:
        """`value` clipped to the range of a study, or `default` where it is None; notes what differs."""
        if value is None:
            self.notes.append(f"{name}: not given, {default:g} is a guess")
            return default
        clipped = min(max(value, low), high)
        if clipped != value:
            self.notes.append(f"{name}: {value:g} in the picture; a study takes {low:g} to {high:g}")
        return clipped


def settings_from(info: PictureSettings) -> StudySettings:
    found = StudySettings()
    _prompts(found, info)
    _base(found, info)
    _render(found, info)
    _noise(found, info)
    _loras(found, info)
    read = {"ENSD", "VAE", "TI hashes"}
    for key, value in info.other.items():
        if key not in SILENT | read:
            found.notes.append(_dropped(key, value))
    return found


def _prompts(found: StudySettings, info: PictureSettings) -> None:
    found.prompt, found.negative = OTHER_NETWORK.sub("", info.prompt).strip(), info.negative
    for match in OTHER_NETWORK.finditer(info.prompt):
        found.notes.append(f"{match[0].strip()}: taken out of the prompt, only LoRAs are known here")


def _base(found: StudySettings, info: PictureSettings) -> None:
    if info.model is None:
        found.notes.append("the base: not given")
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
            found.notes.append(_dropped("TI hashes", name))


def _render(found: StudySettings, info: PictureSettings) -> None:
    if info.size is None:
        found.notes.append("Size: not given, 512x768 is a guess")
    else:
        found.width, found.height = (min(max(round(length / 8) * 8, 32), 4096) for length in info.size)
        if (found.width, found.height) != info.size:
            found.notes.append(f"Size: {info.size[0]}x{info.size[1]} in the picture; a study takes multiples of 8, 32 to 4096")
    found.steps = round(found.within("Steps", info.steps, 30, 1, 200))
    found.cfg = found.within("CFG scale", info.cfg, 7.5, 1, 30)
    if info.sampler is None:
        found.notes.append(f"Sampler: not given, {found.sampler} is a guess")
        return
    given = joined_sampler(info.sampler, info.schedule)
    found.sampler = next((name for name in (given, info.sampler) if _is_sampler(name)), found.sampler)
    if found.sampler != given:
        found.notes.append(f"Sampler: {given} in the picture, which is not known here; {found.sampler} stands in its place")


def _noise(found: StudySettings, info: PictureSettings) -> None:
    found.rng = info.rng.lower()
    if found.rng not in ("cpu", "gpu", "nv"):
        found.rng = "gpu"
        found.notes.append(f"RNG: {info.rng} in the picture, which is not known here")
    if info.seed is not None and 0 <= info.seed < 2**32:
        found.seed = info.seed
    else:
        found.notes.append("Seed: not given" if info.seed is None else f"Seed: {info.seed}; a study takes 0 to {2**32 - 1}")
    ensd = info.other.get("ENSD", "0")
    if re.fullmatch(r"\d{1,10}", ensd) and int(ensd) < 2**32:
        found.ensd = int(ensd)
    else:
        found.notes.append(_dropped("ENSD", ensd))


def _loras(found: StudySettings, info: PictureSettings) -> None:
    for name, weight in info.loras.items():
        key = _key(name, [lora.key for lora in found.loras])
        start = found.within(f"LoRA {name}", weight, 0.4, 0, 2)
        found.loras.append(LoraSettings(key, _stem(name), start, _hash(info.lora_hashes, name)))
        if name in info.text_encoder_weights:
            text = info.text_encoder_weights[name]
            found.notes.append(f"LoRA {name}: text encoder at {text:g} in the picture; a study has one weight for both")
        if name in info.lora_options:
            found.notes.append(f"LoRA {name}: {info.lora_options[name]} in its tag, which is not known here")


def _dropped(key: str, value: str) -> str:
    reason = next((reason for start, reason in REASONS if key.startswith(start)), OTHERWISE)
    shown = value if len(value) <= 80 else f"{value[:80]}..."
    return f"{key}: {shown} ({reason})"


def _is_sampler(sampler: str) -> bool:
    try:
        sampler_named(sampler)
    except InputError:
        return False
    return True


def _key(name: str, taken: list[str]) -> str:
    """A name that study files allow: letters, digits, _ and -, without a - in front, and not in `taken`."""
    plain = "".join(c if c.isalpha() or c.isdecimal() or c == "-" else "_" for c in name)
    plain = f"_{plain[1:]}" if plain.startswith("-") else plain or "lora"
    return next(key for key in (plain, *(f"{plain}_{i}" for i in range(2, len(taken) + 3))) if key not in taken)


def _last(path: str) -> str:
    """The last part of a path, because names in a picture must not lead out of the study's folders."""
    part = "".join(c for c in re.split(r"[/\\]", path)[-1] if c.isprintable()).strip()
    return part if part.strip(".") else "unnamed"


def _stem(path: str) -> str:
    return _last(path).removesuffix(".safetensors")


def _hash(hashes: Mapping[str, str], name: str) -> str:
    return "".join(c for c in hashes.get(name, "") if c.isalnum() and c.isascii())

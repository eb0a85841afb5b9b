"""The settings of a picture as a study file expresses them, and a note for each one that it cannot express."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from models.errors import InputError
from optimizer.render.sampling.comfyui_sampling import check_comfyui
from optimizer.render.sampling.samplers import sampler_named
from studies.drawing.section import HuanhuaDraw
from studies.drawing.webui import WebuiDraw
from studies.picture_settings.sampler_names import OWN_TIMES, joined_sampler
from studies.picture_settings.settings import PictureSettings, same_lora
from studies.starter.drawn_prompt import drawn_prompt
from studies.starter.unexpressed import dropped, unexpressed

COMFYUI_KIN: Final = frozenset(["ComfyUI", "SwarmUI", "Fooocus", "RuinedFooocus", "Stability Matrix", "Civitai", "TensorArt"])
"""Tools that draw with ComfyUI or its code."""
COMFYUI_DRAWS: Final = "with ComfyUI's first noise, time steps, emphasis and long prompts"
ENGINES: Final = {
    **dict.fromkeys(COMFYUI_KIN, COMFYUI_DRAWS),
    **dict.fromkeys(("InvokeAI", "SD.Next"), "with diffusers' noise levels and emphasis of its own"),
    **dict.fromkeys(("Easy Diffusion", "Draw Things"), "with noise levels and emphasis of its own"),
}
"""What in a tool's drawing is not A1111's, which a study follows."""
NO_VAE: Final = ("None", "Automatic", "")
TINY_VAES: Final = ("TAESD", "Tiny", "Remote", "REPA-E")
"""SD.Next's decoders that are no VAE file."""
EMBEDDING: Final = re.compile(r"[\w .()+-]+")
DELTAS: Final = ("ENSD", "Sampler eta delta")
PADDED: Final = "Pad conds"
GUESS: Final = 0.4
"""Weight of a LoRA whose weight is not given."""
FILES: Final = (".safetensors", ".ckpt", ".pt", ".bin", ".pth")


@dataclass(frozen=True)
class LoraSettings:
    """`key` names the LoRA in the study, `file` is its file's place; `hash` is empty where the picture names none."""

    key: str
    file: str
    start: float
    hash: str
    name: str
    """As the picture names it."""


@dataclass
class StudySettings:
    """Values for a study file, and `notes`: one line for each difference from the picture."""

    prompt: str = ""
    negative: str = ""
    model: str = "base.safetensors"
    """The name of the base's file."""
    vae: str = ""
    clip_skip: int = 1
    embeddings: list[str] = field(default_factory=list)
    rng: str = "gpu"
    ensd: int = 0
    pad_conds: bool = False
    width: int = 512
    height: int = 768
    steps: int = 30
    sampler: str = "DPM++ 2M Karras"
    cfg: float = 7.5
    seed: int | None = None
    loras: list[LoraSettings] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    webui: bool = False
    """Whether A1111 draws the study."""
    like: str = ""
    """The tool whose drawing is ComfyUI's, which `render.like: comfyui` follows; empty for any other."""

    def within(self, name: str, value: float | None, default: float, low: float, high: float) -> float:
        """`value` clipped to the range of a study, or `default` where it is None; notes what differs."""
        if value is None:
            self.notes.append(f"{name}: not given, {default:g} is a guess")
            return default
        clipped = min(max(value, low), high)
        if clipped != value:
            self.notes.append(f"{name}: {value:g} in the picture; a study takes {low:g} to {high:g}")
        return clipped


def settings_from(info: PictureSettings, *, webui: bool = False) -> StudySettings:
    """`webui`: A1111 itself draws the study, so that whatever it reads and has is expressed."""
    found = StudySettings(webui=webui)
    found.like = info.tool if info.tool in COMFYUI_KIN and not webui and _as_comfyui(_sampler(found, info)[0]) else ""
    if found.like in ("", "ComfyUI"):
        engine = "" if found.like else ENGINES.get(info.tool, "")
    else:
        engine = "which may change what ComfyUI draws"
    if engine:
        found.notes.append(f"drawn by {info.tool}, {engine}: these settings give a similar image here, not the same")
    found.notes += info.notes
    _prompts(found, info)
    _base(found, info)
    _render(found, info)
    _noise(found, info)
    _loras(found, info)
    read = {*DELTAS, PADDED, "VAE", "TI hashes", "Embeddings"}
    for key, value in info.other.items():
        note = None if key in read or key.startswith("Embedding_") else unexpressed(key, value)
        found.notes += [] if note is None else [note]
    return found


def _prompts(found: StudySettings, info: PictureSettings) -> None:
    names = list(info.embeddings)
    found.prompt = drawn_prompt(info.prompt, "the prompt", found.notes, names, here=_is_read_here(found))
    found.negative = drawn_prompt(info.negative, "the negative prompt", found.notes, names, here=_is_read_here(found))
    listed = [info.other.get(key, "").split(",") for key in ("TI hashes", "Embeddings")]
    names += [part.partition(":")[0].strip() for parts in listed for part in parts]
    names += [value for key, value in info.other.items() if re.fullmatch(r"Embedding_\d+ name", key)]
    # A1111 names one that stands in both prompts twice.
    for name in dict.fromkeys(filter(None, names)):
        if EMBEDDING.fullmatch(name):
            found.embeddings.append(f"embeddings/{name}.pt")
        else:
            found.notes.append(dropped("TI hashes", name))


def _base(found: StudySettings, info: PictureSettings) -> None:
    if info.model is None:
        found.notes.append("the base: not given")
    elif info.model_hash:
        found.notes.append(f"the base's hash: {info.model_hash}; the file's name is all that is looked for")
    found.model = _file(info.model or "base")
    vae = info.other.get("VAE", "None")
    if vae in TINY_VAES:
        found.notes.append(dropped("VAE", vae))
    elif vae not in NO_VAE:
        found.vae = _file(vae)
    found.clip_skip = round(found.within("Clip skip", info.clip_skip, 1, 1, 4))


def _render(found: StudySettings, info: PictureSettings) -> None:
    if info.size is None:
        found.notes.append("Size: not given, 512x768 is a guess")
    else:
        found.width, found.height = (min(max(round(length / 8) * 8, 32), 4096) for length in info.size)
        if (found.width, found.height) != info.size:
            found.notes.append(f"Size: {info.size[0]}x{info.size[1]} in the picture; a study takes multiples of 8, 32 to 4096")
    found.steps = round(found.within("Steps", info.steps, 30, 1, 200))
    found.cfg = found.within("CFG scale", info.cfg, 7.5, 1, 30)
    found.sampler, given = _sampler(found, info)
    if given is None:
        found.notes.append(f"Sampler: not given, {found.sampler} is a guess")
    elif found.sampler != given:
        found.notes.append(f"Sampler: {given} in the picture, which is not known here; {found.sampler} stands in its place")


def _sampler(found: StudySettings, info: PictureSettings) -> tuple[str, str | None]:
    """The sampler of the study, and that of the picture, None if it names none."""
    if info.sampler is None:
        return found.sampler, None
    given = joined_sampler(info.sampler, info.schedule)
    if info.tool in COMFYUI_KIN and info.sampler in OWN_TIMES and info.schedule not in (None, "Uniform", "DDIM"):
        # Only A1111 ignores the schedule of these.
        given = f"{info.sampler} {info.schedule}"
    return next((name for name in (given, info.sampler) if found.webui or _is_sampler(name)), found.sampler), given


def _is_read_here(found: StudySettings) -> bool:
    """Whether prompts are read as A1111 reads them, by huanhua itself: AND and the like are words to ComfyUI."""
    return not found.webui and not found.like


def _noise(found: StudySettings, info: PictureSettings) -> None:
    found.rng = "cpu" if found.like else info.rng.lower()
    if found.rng not in ("cpu", "gpu", "nv"):
        found.rng = "gpu"
        found.notes.append(f"RNG: {info.rng} in the picture, which is not known here")
    largest = (WebuiDraw if found.webui else HuanhuaDraw).largest_seed
    if info.seed is not None and 0 <= info.seed <= largest:
        found.seed = info.seed
    else:
        found.notes.append("Seed: not given" if info.seed is None else f"Seed: {info.seed}; a study takes 0 to {largest}")
    ensd = next((info.other[key] for key in DELTAS if key in info.other), "0")
    if re.fullmatch(r"\d{1,10}", ensd) and int(ensd) < 2**32 and not (found.like and int(ensd)):
        found.ensd = int(ensd)
    else:
        found.notes.append(dropped("ENSD", ensd))
    padded = info.other.get(PADDED) == "True"
    found.pad_conds = padded and not found.webui and not found.like
    if padded and not found.pad_conds:
        found.notes.append(dropped(PADDED, "True"))


def _loras(found: StudySettings, info: PictureSettings) -> None:
    for name, weight in (*info.loras.items(), *((name, None) for name in info.without_weight)):
        key = study_key(name, [lora.key for lora in found.loras])
        start = found.within(f"LoRA {name}" if weight is not None else f"LoRA {name}'s weight", weight, GUESS, 0, 2)
        file = _other_file(f"loras/{_file(name)}", [lora.file for lora in found.loras])
        found.loras.append(LoraSettings(key, file, start, _hash(info, name), name))
        if name in info.text_encoder_weights:
            text = info.text_encoder_weights[name]
            found.notes.append(f"LoRA {name}: text encoder at {text:g} in the picture; a study has one weight for both")
        if name in info.lora_options:
            found.notes.append(f"LoRA {name}: {info.lora_options[name]} in its tag, which is not known here")


def _as_comfyui(sampler: str) -> bool:
    """Whether it is drawn here as ComfyUI draws it."""
    try:
        check_comfyui(sampler)
    except InputError:
        return False
    return True


def _is_sampler(sampler: str) -> bool:
    try:
        sampler_named(sampler)
    except InputError:
        return False
    return True


def study_key(name: str, taken: list[str]) -> str:
    """A name that study files allow: letters, digits, _ and -, without a - in front, and not in `taken`."""
    plain = "".join(c if c.isalpha() or c.isdecimal() or c == "-" else "_" for c in name)
    plain = f"_{plain[1:]}" if plain.startswith("-") else plain or "lora"
    return next(key for key in (plain, *(f"{plain}_{i}" for i in range(2, len(taken) + 3))) if key not in taken)


def _file(place: str) -> str:
    """The name of a model's file, because names in a picture must not lead out of the study's folders."""
    part = "".join(c for c in re.split(r"[/\\]", place)[-1] if c.isprintable()).strip()
    name = part if part.strip(".") else "unnamed"
    return name if name.lower().endswith(FILES) else f"{name}.safetensors"


def _other_file(place: str, taken: list[str]) -> str:
    """`place`, numbered if another LoRA has it: two of one name in different folders are two LoRAs."""
    stem, dot, end = place.rpartition(".")
    return next(p for p in (place, *(f"{stem}_{i}{dot}{end}" for i in range(2, len(taken) + 3))) if p not in taken)


def _hash(info: PictureSettings, name: str) -> str:
    known = same_lora(name, info.lora_hashes)
    return "".join(c for c in info.lora_hashes[known] if c.isalnum() and c.isascii()) if known is not None else ""

"""A1111 infotext: the settings of a picture as the WebUI writes them into the PNG text `parameters`, and reads them back.

The format is that of stable-diffusion-webui 1.10, `modules/infotext_utils.py`: the prompt with `<lora:name:weight>` tags, a line
that starts with `Negative prompt:`, and a last line of at least three `Key: value` pairs, where a value that holds a comma, a
colon or a newline is quoted as JSON. It promises the same settings, not the same pixels.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image

PAIR: Final = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
TAG: Final = re.compile(r"\s*<lora:([^:<>]+)((?::[^:<>]*)*)>")
NEGATIVE: Final = "Negative prompt:"
SCHEDULES: Final = (
    "Karras",
    "Exponential",
    "Polyexponential",
    "SGM Uniform",
    "Uniform",
    "Automatic",
    "Simple",
    "Normal",
    "DDIM",
    "Beta",
)
WRITTEN: Final = frozenset(
    ["Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Model hash", "Model", "Clip skip", "RNG", "Lora hashes"]
)
EXIF_IFD, USER_COMMENT = 0x8769, 0x9286


@dataclass(frozen=True)
class Infotext:
    """What one picture was made with. None is "not told".

    `size` is width and height in pixels; `clip_skip` counts as A1111 does (1 = the last layer); `rng` is CPU, GPU or NV; `loras`
    holds weights by name, `text_encoder_weights` only those that differ from them; `lora_hashes` the first 12 hex digits; `other`
    every further key, unread.
    """

    prompt: str
    negative: str = ""
    steps: int | None = None
    sampler: str | None = None
    schedule: str | None = None
    cfg: float | None = None
    seed: int | None = None
    size: tuple[int, int] | None = None
    model: str | None = None
    model_hash: str | None = None
    clip_skip: int = 1
    rng: str = "GPU"
    loras: Mapping[str, float] = field(default_factory=dict)
    text_encoder_weights: Mapping[str, float] = field(default_factory=dict)
    lora_hashes: Mapping[str, str] = field(default_factory=dict)
    other: Mapping[str, str] = field(default_factory=dict)


def clean_name(name: str) -> str:
    """A LoRA's name without the letters that the format uses itself."""
    return " ".join(re.sub(r'[:,<>"\\]', " ", name).split()) or "lora"


def write(info: Infotext) -> str:
    """The text that A1111 reads."""
    tags = [_tag(name, weight, info.text_encoder_weights.get(name, weight)) for name, weight in info.loras.items()]
    hashes = ", ".join(f"{clean_name(name)}: {digest}" for name, digest in info.lora_hashes.items())
    values: dict[str, object] = {
        "Steps": info.steps,
        "Sampler": info.sampler,
        "Schedule type": info.schedule,
        "CFG scale": None if info.cfg is None else _number(info.cfg),
        "Seed": info.seed,
        "Size": None if info.size is None else f"{info.size[0]}x{info.size[1]}",
        "Model hash": info.model_hash,
        "Model": info.model,
        "Clip skip": info.clip_skip if info.clip_skip != 1 else None,
        "RNG": info.rng if info.rng != "GPU" else None,
        "Lora hashes": hashes or None,
        **info.other,
    }
    last = ", ".join(f"{key}: {_quote(str(value))}" for key, value in values.items() if value is not None and str(value) != "")
    negative = f"{NEGATIVE} {info.negative}" if info.negative else ""
    return "\n".join(part for part in (" ".join([info.prompt, *tags]).strip(), negative, last) if part)


def read(text: str, where: object = "infotext") -> Infotext:
    """Reads what A1111 or `write` wrote; a last line with fewer than three pairs belongs to the prompt, as there.

    Raises InputError if a known key holds what it cannot.
    """
    *lines, last = text.strip().split("\n")
    pairs = PAIR.findall(last)
    if len(pairs) < 3:
        lines, pairs = [*lines, last], []
    values = {key: _unquote(value) for key, value in pairs}
    prompt, negative = _prompts(lines)
    loras, encoder = _loras(prompt, where)
    sampler, schedule = _sampler(values.get("Sampler"), values.get("Schedule type"))
    return Infotext(
        prompt=TAG.sub("", prompt).strip(),
        negative=negative,
        steps=_whole(values, "Steps", where),
        sampler=sampler,
        schedule=schedule,
        cfg=_real(values["CFG scale"], "CFG scale", where) if "CFG scale" in values else None,
        seed=_whole(values, "Seed", where),
        size=_size(values.get("Size"), where),
        model=values.get("Model"),
        model_hash=values.get("Model hash"),
        clip_skip=_whole(values, "Clip skip", where) or 1,
        rng=values.get("RNG", "GPU"),
        loras=loras,
        text_encoder_weights=encoder,
        lora_hashes=_hashes(values.get("Lora hashes", "")),
        other={key: value for key, value in values.items() if key not in WRITTEN},
    )


def save_png(image: Image, path: Path, info: Infotext) -> None:
    """Saves `image` as a PNG that A1111's "PNG Info" tab reads."""
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    chunks.add_text("parameters", write(info))
    image.save(path, format="PNG", pnginfo=chunks)


def read_picture(path: Path) -> Infotext:
    """Reads the settings out of a PNG's text, or out of the EXIF comment that A1111 writes into JPEG and WebP. Decodes no pixels.

    Raises InputError if the file is no picture or carries no settings.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            text = image.info.get("parameters") or _comment(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError("the picture does not open", path, "name a PNG, JPEG or WebP that A1111 saved") from error
    if not isinstance(text, str) or not text.strip():
        raise InputError("the picture carries no settings", path, "name one that A1111 saved with its generation parameters")
    return read(text, path)


def _comment(image: Image) -> str:
    comment = image.getexif().get_ifd(EXIF_IFD).get(USER_COMMENT, b"")
    if isinstance(comment, bytes) and comment.startswith(b"UNICODE\0"):
        return comment[8:].decode("utf-16-be", errors="replace")
    return ""


def _tag(name: str, unet: float, encoder: float) -> str:
    weights = _number(unet) if unet == encoder else f"{_number(encoder)}:{_number(unet)}"
    return f"<lora:{clean_name(name)}:{weights}>"


def _number(value: float) -> str:
    return format(value, ".10g")


def _quote(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r"[,:\n]", value) else value


def _unquote(value: str) -> str:
    value = value.strip()
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value


def _prompts(lines: list[str]) -> tuple[str, str]:
    positive: list[str] = []
    negative: list[str] = []
    part = positive
    for line in (line.strip() for line in lines):
        if part is positive and line.startswith(NEGATIVE):
            part, line = negative, line[len(NEGATIVE) :].strip()
        part.append(line)
    return "\n".join(positive).strip(), "\n".join(negative).strip()


def _loras(prompt: str, where: object) -> tuple[dict[str, float], dict[str, float]]:
    """Weights for the UNet by name, and for the text encoder where they differ: `<lora:name:te:unet>`, `te=` and `unet=`."""
    loras: dict[str, float] = {}
    encoder: dict[str, float] = {}
    for match in TAG.finditer(prompt):
        name, parts = match[1].strip(), [part.strip() for part in match[2].split(":")[1:]]
        named = dict(part.split("=", 1) for part in parts if "=" in part)
        plain = [part for part in parts if part and "=" not in part]
        te = _real(named.get("te", plain[0] if plain else "1"), f"LoRA {name}", where)
        loras[name] = _real(named["unet"] if "unet" in named else plain[1] if len(plain) > 1 else str(te), f"LoRA {name}", where)
        encoder.pop(name, None)
        if te != loras[name]:
            encoder[name] = te
    return loras, encoder


def _sampler(sampler: str | None, schedule: str | None) -> tuple[str | None, str | None]:
    """Older versions wrote the schedule into the sampler's name: `DPM++ SDE Karras`."""
    if sampler is not None and schedule is None:
        for name in SCHEDULES:
            if sampler.endswith(f" {name}"):
                return sampler.removesuffix(f" {name}"), name
    return sampler, schedule


def _hashes(text: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in text.split(","))
    return {name.strip(): digest.strip() for name, colon, digest in pairs if colon and name.strip()}


def _whole(values: Mapping[str, str], key: str, where: object) -> int | None:
    if key not in values:
        return None
    if not re.fullmatch(r"-?\d{1,20}", values[key]):
        raise InputError(f"'{key}' is '{values[key][:40]}', not a whole number", where, "name another picture, or mend its text")
    return int(values[key])


def _real(value: str, key: str, where: object) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"'{key}' is '{value[:40]}', not a number", where, "name another picture, or mend its text")
    return number


def _size(value: str | None, where: object) -> tuple[int, int] | None:
    if value is None:
        return None
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", value)
    if match is None:
        raise InputError(f"'Size' is '{value[:40]}', not WIDTHxHEIGHT", where, "name another picture, or mend its text")
    return int(match[1]), int(match[2])

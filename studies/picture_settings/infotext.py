"""A1111 infotext: the settings of a picture as the WebUI writes them into the PNG text `parameters`, and reads them back.

The format is that of stable-diffusion-webui 1.10, `modules/infotext_utils.py`: the prompt with `<lora:name:weight>` tags, a line
that starts with `Negative prompt:`, and a last line of at least three `Key: value` pairs, where a value with a comma, a
colon or a newline is quoted as JSON. The same settings do not promise the same pixels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from studies.picture_settings.lora_tags import TAG, additional_keys, clean_name, format_number, lora_tag, named_loras, number
from studies.picture_settings.settings import PictureSettings

if TYPE_CHECKING:
    from PIL.Image import Image

PAIR: Final = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
NEGATIVE: Final = "Negative prompt:"
SCHEDULES: Final = (
    "Karras",
    "Exponential",
    "Polyexponential",
    "SGM Uniform",
    "Uniform",
    "Automatic",
    "KL Optimal",
    "Align Your Steps",
    "Simple",
    "Normal",
    "DDIM",
    "Beta",
    "Turbo",
)
"""Those of A1111 1.10 and of Forge."""
SUFFIXES: Final = tuple(f" {name}" for name in SCHEDULES)
AUTOMATIC: Final = {
    **dict.fromkeys(("DPM++ 2M", "DPM++ SDE", "DPM++ 2S a", "DPM2", "DPM2 a", "Restart"), "Karras"),
    **dict.fromkeys(("DPM++ 2M SDE", "DPM++ 2M SDE Heun", "DPM++ 3M SDE"), "Exponential"),
}
"""The schedule that "Automatic" means in A1111 from 1.9 on; for every other sampler it is the sampler's plain one."""
WRITTEN: Final = frozenset(
    ["Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Model hash", "Model", "Clip skip", "RNG", "Lora hashes"]
)
EXIF_IFD, USER_COMMENT = 0x8769, 0x9286


def split_sampler(name: str) -> tuple[str, str]:
    """A study's sampler as A1111 from 1.9 on writes it: sampler and schedule type."""
    for schedule in SCHEDULES:
        if name.endswith(f" {schedule}"):
            return name.removesuffix(f" {schedule}"), schedule
    return name, "Uniform" if name in AUTOMATIC else "Automatic"


def joined_sampler(sampler: str, schedule: str | None) -> str:
    """The name that older versions and study files give it: `DPM++ SDE Karras`."""
    shown = AUTOMATIC.get(sampler) if schedule == "Automatic" else schedule
    return sampler if shown in (None, "Uniform") else f"{sampler} {shown}"


def write(info: PictureSettings) -> str:
    """The text that A1111 reads."""
    tags = [
        lora_tag(name, weight, info.text_encoder_weights.get(name, weight), info.lora_options.get(name, ""))
        for name, weight in info.loras.items()
    ]
    hashes = ", ".join(f"{clean_name(name)}: {digest}" for name, digest in info.lora_hashes.items())
    values: dict[str, object] = {
        "Steps": info.steps,
        "Sampler": info.sampler,
        "Schedule type": info.schedule,
        "CFG scale": None if info.cfg is None else format_number(info.cfg),
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


def read(text: str, where: object = "infotext") -> PictureSettings:
    """Reads what A1111 or `write` wrote; a last line with fewer than three pairs belongs to the prompt, as there.

    Raises InputError for a value that its key does not allow.
    """
    *lines, last = text.strip().split("\n")
    pairs = PAIR.findall(last)
    if len(pairs) < 3:
        lines, pairs = [*lines, last], []
    values = {key: _unquote(value) for key, value in pairs}
    prompt, negative = _prompts(lines)
    loras = named_loras(prompt, values, where)
    read_already = WRITTEN | additional_keys(values)
    sampler, schedule = _sampler(values.get("Sampler"), values.get("Schedule type"))
    return PictureSettings(
        prompt=TAG.sub("", prompt).strip(),
        negative=negative,
        steps=_whole(values, "Steps", where),
        sampler=sampler,
        schedule=schedule,
        cfg=number(values["CFG scale"], "CFG scale", where) if "CFG scale" in values else None,
        seed=_whole(values, "Seed", where),
        size=_size(values.get("Size"), where),
        model=values.get("Model"),
        model_hash=values.get("Model hash"),
        clip_skip=_whole(values, "Clip skip", where) or 1,
        rng=values.get("RNG", "GPU"),
        loras=loras.unet,
        text_encoder_weights=loras.differing,
        lora_options=loras.options,
        lora_hashes=loras.hashes,
        other={key: value for key, value in values.items() if key not in read_already},
    )


def save_png(image: Image, path: Path, info: PictureSettings) -> None:
    """Saves `image` as a PNG that A1111's "PNG Info" tab reads."""
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    chunks.add_text("parameters", write(info))
    image.save(path, format="PNG", pnginfo=chunks)


def read_picture(path: Path) -> PictureSettings:
    """Reads the settings out of a PNG's text, or out of the EXIF comment that A1111 writes into JPEG and WebP. Decodes no pixels.

    Raises InputError if the file is no picture or has no settings.
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


def _sampler(sampler: str | None, schedule: str | None) -> tuple[str | None, str | None]:
    """Up to 1.8 the schedule stood in the sampler's name, `DPM++ SDE Karras`, unless a setting in small letters overruled it."""
    given = next((name for name in SCHEDULES if schedule and name.lower() == schedule.lower()), schedule)
    if sampler is None or not sampler.endswith(SUFFIXES):
        return sampler, given
    plain, named = split_sampler(sampler)
    return plain, named if given in (None, "Automatic") else given


def _whole(values: Mapping[str, str], key: str, where: object) -> int | None:
    if key not in values:
        return None
    if not re.fullmatch(r"-?\d{1,20}", values[key]):
        raise InputError(f"'{key}' is '{values[key][:40]}', not a whole number", where, "name another picture, or mend its text")
    return int(values[key])


def _size(value: str | None, where: object) -> tuple[int, int] | None:
    if value is None:
        return None
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", value)
    if match is None:
        raise InputError(f"'Size' is '{value[:40]}', not WIDTHxHEIGHT", where, "name another picture, or mend its text")
    return int(match[1]), int(match[2])

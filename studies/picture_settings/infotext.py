"""A1111 infotext: the settings of a picture as the WebUI writes them into the PNG text `parameters`, and reads them back.

The format is that of stable-diffusion-webui 1.10, `modules/infotext_utils.py`: the prompt with `<lora:name:weight>` tags, a line
that starts with `Negative prompt:`, and a last line of at least three `Key: value` pairs, where a value with a comma, a
colon or a newline is quoted as JSON. The same settings do not promise the same pixels. Forge, SD.Next, Fooocus, Civitai and
ComfyUI's saver nodes write it with keys and habits of their own, which are read too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from studies.picture_settings.lora_fields import HASHES, SAVER, read_fields
from studies.picture_settings.lora_tags import (
    NamedLoras,
    additional_keys,
    clean_name,
    format_number,
    lora_tag,
    named_loras,
    number,
    without_tags,
)
from studies.picture_settings.sampler_names import a1111_sampler, comfy_sampler, comfy_schedule
from studies.picture_settings.settings import PictureSettings, size_of, whole
from studies.picture_settings.settings_line import NAMES, Placed, canonical, place_settings

if TYPE_CHECKING:
    from PIL.Image import Image

NEGATIVE: Final = "Negative prompt:"
MARKER: Final = re.compile(r"negative[ _]prompt\s*:\s*", re.IGNORECASE)
LABEL: Final = re.compile(r"(?:positive )?prompt:\s+", re.IGNORECASE)
ESCAPED: Final = re.compile(r"\\n(?:Negative prompt|Steps): ")
"""Line breaks as programs print them: a text that was copied out of JSON."""
WRITTEN: Final = frozenset([*NAMES, *HASHES])
"""Keys that the fields of `PictureSettings` hold."""


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

    Raises InputError for a value that its key does not allow, and for the settings of several pictures.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if "\n" not in text and ESCAPED.search(text):
        text = text.replace("\\n", "\n")
    placed = place_settings(text, where)
    values, other = _values(placed)
    prompt, negative = _prompts(placed)
    prompt, label = _unlabelled(prompt, negative, placed)
    loras = named_loras(prompt, other, where)
    fields = read_fields(loras, {**values, **other}, where)
    read_already = additional_keys(other) | {key for key in other if key in HASHES or SAVER.fullmatch(key)}
    sampler, schedule = _sampler(values.get("Sampler"), values.get("Schedule type"))
    return PictureSettings(
        prompt=without_tags(prompt),
        negative=negative,
        steps=_whole(values, "Steps", where),
        sampler=sampler,
        schedule=schedule,
        cfg=number(values["CFG scale"], "CFG scale", where) if "CFG scale" in values else None,
        seed=_whole(values, "Seed", where),
        size=_size(values, where),
        model=values.get("Model", fields.model),
        model_hash=values.get("Model hash", fields.model_hash),
        clip_skip=abs(_whole(values, "Clip skip", where) or 1),
        rng=values.get("RNG", "GPU"),
        loras=loras.weights,
        text_encoder_weights=loras.differing,
        lora_options=loras.options,
        lora_hashes=loras.hashes,
        embeddings=tuple(dict.fromkeys(fields.embeddings)),
        other={key: value for key, value in other.items() if key not in read_already},
        notes=(*label, *_notes(placed, prompt, loras), *fields.notes),
    )


def save_png(image: Image, path: Path, info: PictureSettings) -> None:
    """Saves `image` as a PNG that A1111's "PNG Info" tab reads."""
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    chunks.add_text("parameters", write(info))
    image.save(path, format="PNG", pnginfo=chunks)


def added_up(loras: NamedLoras) -> list[str]:
    """A note for each LoRA that several tags name."""
    return [
        f"LoRA {name}: {' and '.join(tags)} are added up to {loras.weights[name]:g}, as A1111 does"
        for name, tags in loras.tags.items()
        if len(tags) > 1
    ]


def _quote(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r"[,:\n]", value) else value


def _values(placed: Placed) -> tuple[dict[str, str], dict[str, str]]:
    """The settings that every picture has, by A1111's names, and the others by their own."""
    values: dict[str, str] = {}
    other: dict[str, str] = {}
    for key, value in placed.pairs:
        name = canonical(key)
        if name is None or (name in values and values[name] != value):
            other[key] = value
        else:
            values[name] = value
    return values, other


def _prompts(placed: Placed) -> tuple[str, str]:
    lines = [line.strip() for line in placed.before]
    at = next((i for i, line in enumerate(lines) if MARKER.match(line)), None)
    if at is None and placed.inline and (match := MARKER.search(lines[-1])):
        # All of it stands in one line.
        lines[-1:] = [lines[-1][: match.start()].strip(), lines[-1][match.start() :]]
        at = len(lines) - 1
    positive = lines if at is None else lines[:at]
    negative = [] if at is None else [MARKER.sub("", lines[at], count=1), *lines[at + 1 :]]
    return "\n".join(positive).strip(), "\n".join(negative).strip()


def _unlabelled(prompt: str, negative: str, placed: Placed) -> tuple[str, list[str]]:
    """Some writers put `prompt: ` in front, which is no word of it."""
    match = LABEL.match(prompt)
    if match is None or not placed.pairs or not (negative or placed.inline or placed.bars):
        return prompt, []
    return prompt[match.end() :], [f"the prompt: '{match[0].strip()}' in front of it is taken for a label"]


def _sampler(sampler: str | None, schedule: str | None) -> tuple[str | None, str | None]:
    if sampler is not None and (named := comfy_sampler(sampler, schedule)):
        return named
    plain, given = a1111_sampler(sampler, schedule)
    return plain, given if given == schedule or schedule is None else comfy_schedule(given)


def _whole(values: Mapping[str, str], key: str, where: object) -> int | None:
    return whole(values[key], key, where) if key in values else None


def _size(values: Mapping[str, str], where: object) -> tuple[int, int] | None:
    if "Size" in values:
        return size_of(values["Size"], where)
    if "Width" in values and "Height" in values:
        return whole(values["Width"], "Width", where), whole(values["Height"], "Height", where)
    return None


def _notes(placed: Placed, prompt: str, loras: NamedLoras) -> list[str]:
    notes = added_up(loras)
    if placed.rest:
        notes.append(f"'{', '.join(placed.rest)[:200]}' among or behind the settings: not read")
    if not placed.pairs and re.search(r"\bSteps:\s*\d", prompt):
        notes.append("the prompt ends in settings: fewer than three in a line are words of the prompt to A1111, as they are here")
    return notes

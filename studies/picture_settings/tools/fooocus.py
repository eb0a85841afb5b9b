"""Fooocus: JSON in the PNG text `parameters` or in EXIF's comment (its modules/meta_parser.py), and that of two programs like it.

Keys are those of the scheme "fooocus", or the labels of its log (`LoRA 1`). The list of LoRAs is complete: those that tags of the
prompt name are among it. Noise is drawn on the processor, by ComfyUI's samplers. Its scheme "a1111" is an infotext.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from studies.picture_settings.document import Document
from studies.picture_settings.listed_loras import Listed, listed_and_tagged
from studies.picture_settings.lora_tags import number
from studies.picture_settings.sampler_names import comfy_sampler, comfy_schedule
from studies.picture_settings.settings import PictureSettings, file_stem, size_of

RUINED: Final = "RuinedFooocus"
SIGNS: Final = frozenset(
    [
        "guidance_scale",
        "Guidance Scale",
        "metadata_scheme",
        "performance",
        "Performance",
        "lora_combined_1",
        "fooocus_v2",
        "LoRA 1",
    ]
)
"""Any of these beside a base model makes it Fooocus's."""
COMBINED: Final = re.compile(r"(?:lora_combined_|LoRA )(\d+)")
RUINED_LORA: Final = re.compile(r"\s*([+-]?[\d.]+)\s*-\s*(.+)")
SILENT: Final = frozenset(
    [
        *("version", "Version", "metadata_scheme", "created_by", "image_number", "Image Number", "software", "full_prompt"),
        *(
            "styles",
            "Styles",
            "full_negative_prompt",
            "real_prompt",
            "real_negative_prompt",
            "prompt_expansion",
            "base_model_hash",
            "loras",
        ),
    ]
)


def is_fooocus(document: Mapping[str, Any]) -> bool:
    """Whether a flat object of JSON is of Fooocus or its kin."""
    base = {"base_model", "Base Model"} & document.keys()
    return document.get("software") == RUINED or bool(base and SIGNS & document.keys()) or "lora_combined_1" in document


def read(document: Mapping[str, Any], where: object) -> PictureSettings:
    """Raises InputError for a value that its key does not allow."""
    values = Document(document, where)
    ruined = document.get("software") == RUINED
    loras = listed_and_tagged(values.text("prompt", "Prompt"), _ruined(values) if ruined else _listed(values), where)
    sampler = values.text("sampler", "sampler_name", "Sampler") or None
    schedule = values.text("scheduler", "Scheduler") or None
    vae = values.text("vae", "VAE")
    drawn = {"VAE": vae} if vae not in ("", "None", "Default (model)", "Default") else {}
    return PictureSettings(
        prompt=loras.prompt,
        negative=values.text("negative_prompt", "Negative Prompt", "Negative"),
        steps=values.whole("steps", "Steps"),
        sampler=((comfy_sampler(sampler, schedule) or (sampler,))[0]) if sampler else None,
        schedule=comfy_schedule(schedule),
        cfg=values.number("guidance_scale", "Guidance Scale", "cfg"),
        seed=values.whole("seed", "Seed"),
        size=_size(values),
        model=file_stem(values.text("base_model", "Base Model", "base_model_name")) or None,
        model_hash=values.text("base_model_hash") or None,
        clip_skip=abs(values.whole("clip_skip", "CLIP Skip") or 1),
        rng="CPU",
        loras=loras.weights,
        text_encoder_weights=loras.text_weights,
        lora_options=loras.options,
        lora_hashes=loras.hashes,
        other=_rest(values) | drawn,
        notes=(*_styles(values), *loras.notes),
        tool=RUINED if ruined else "Fooocus",
    )


def _listed(values: Document) -> Iterator[Listed]:
    """`lora_combined_N: name : weight`, newer `True : name : weight`; hashes stand in `loras: [[name, weight, hash]]`."""
    rows = [row for row in values.list("loras") if isinstance(row, list | tuple) and len(row) >= 2]
    hashes = {file_stem(str(row[0])): str(row[2]) for row in rows if len(row) > 2}
    keys = sorted((key for key in values.values if COMBINED.fullmatch(key)), key=lambda key: int(COMBINED.sub(r"\1", key)))
    for key in keys:
        parts = values.text(key).split(" : ")
        if len(parts) == 3 and parts.pop(0) != "True":
            continue
        if len(parts) == 2 and parts[0] != "None":
            yield Listed(parts[0], number(parts[1], f"LoRA {parts[0]}", values.where), hash=hashes.get(file_stem(parts[0]), ""))
    if not keys:
        for row in rows:
            name = str(row[0])
            if name != "None":
                yield Listed(name, number(str(row[1]), f"LoRA {name}", values.where), hash=hashes.get(file_stem(name), ""))


def _ruined(values: Document) -> Iterator[Listed]:
    """`loras: [[hash, "weight - file"]]`."""
    for row in values.list("loras"):
        if isinstance(row, list | tuple) and len(row) == 2 and (match := RUINED_LORA.fullmatch(str(row[1]))):
            yield Listed(match[2], number(match[1], f"LoRA {match[2]}", values.where), hash=str(row[0]))


def _size(values: Document) -> tuple[int, int] | None:
    resolution = values.get("resolution", "Resolution")
    width, height = values.whole("width"), values.whole("height")
    if width is not None and height is not None:
        return width, height
    if isinstance(resolution, list | tuple):
        resolution = "x".join(str(length) for length in resolution)
    return None if resolution is None else size_of(str(resolution).replace("'", ""), values.where, "resolution")


def _rest(values: Document) -> dict[str, str]:
    same = ("Speed", "Quality")
    defaults = {"denoise": ("1", "1.0"), "performance": same, "Performance": same}
    return {key: value for key, value in values.rest(SILENT).items() if value not in defaults.get(key, ())}


def _styles(values: Document) -> list[str]:
    """Styles add words: each text is encoded apart, which no prompt of a study expresses."""
    notes = []
    typed, unwanted = values.text("prompt", "Prompt"), values.text("negative_prompt", "Negative Prompt")
    for name, keys, text in (
        ("the prompt", ("full_prompt", "real_prompt"), typed),
        ("the negative prompt", ("full_negative_prompt", "real_negative_prompt"), unwanted),
    ):
        drawn = [words for part in values.list(*keys) if (words := str(part).strip())]
        if drawn and drawn != [text.strip()]:
            notes.append(f"{name}: drawn with the words of styles, as '{' | '.join(drawn)[:600]}'")
    styles = (
        values.text("styles", "Styles") if not isinstance(values.get("styles", "Styles"), list) else str(values.get("styles"))
    )
    if not notes and styles not in ("", "[]"):
        notes.append(f"the prompts: drawn with the words of the styles {styles}, which are not among these settings")
    return notes

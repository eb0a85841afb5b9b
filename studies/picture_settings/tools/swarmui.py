"""SwarmUI: JSON in the PNG text `parameters` or in EXIF's comment, as its docs/Image Metadata Format.md has it.

`sui_image_params` holds parameters by their names in small letters without blanks; lists are lists or texts with commas. Models
are named by their place below the models' folder. It draws with ComfyUI: noise on the processor, and ComfyUI's samplers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from models.errors import InputError
from studies.picture_settings.document import Document
from studies.picture_settings.listed_loras import Listed, listed_and_tagged
from studies.picture_settings.lora_tags import number
from studies.picture_settings.sampler_names import comfy_sampler, comfy_schedule
from studies.picture_settings.settings import PictureSettings, file_stem, size_of

KEY: Final = "sui_image_params"
SILENT: Final = frozenset(
    [
        *(
            "swarm_version",
            "date",
            "generation_time",
            "prep_time",
            "nopreviews",
            "donotsave",
            "imageformat",
            "images",
            "batchsize",
        ),
        *(
            "wildcardseed",
            "used_wildcards",
            "original_prompt",
            "original_negativeprompt",
            "personalnote",
            "aspectratio",
            "sidelength",
        ),
        *("automaticvae", "modelspecificenhancements", "internalbackendtype", "exactbackendid", "saveintermediateimages"),
    ]
)
"""Parameters that change no image, or are contained in others."""
SECTION: Final = re.compile(r"<(base|refiner|video|videoswap|segment|region|object|extend|clear)(?=[:/\[>])[^>]*>")
"""What follows such a tag, up to the next, is the prompt of another step."""
EMBED: Final = re.compile(r"<embed(?:ding)?:([^>]+)>")


def read(document: Mapping[str, Any], where: object) -> PictureSettings:
    """Raises InputError for parameters that are no object, or a value that its key does not allow."""
    if not isinstance(document[KEY], dict):
        raise InputError("SwarmUI's parameters are no object", where, "name another picture, or mend its text")
    values = Document(document[KEY], where)
    models = [model for model in document.get("sui_models") or [] if isinstance(model, dict)]
    notes: list[str] = []
    prompt, embeddings = _drawn(values.text("prompt"), notes)
    negative, more = _drawn(values.text("negativeprompt"), notes)
    loras = listed_and_tagged(prompt, _listed(values, models, notes), where)
    sampler, schedule = values.text("sampler") or None, values.text("scheduler") or None
    vae = values.text("vae")
    return PictureSettings(
        prompt=loras.prompt,
        negative=negative,
        steps=values.whole("steps"),
        sampler=((comfy_sampler(sampler, schedule) or (sampler,))[0]) if sampler else None,
        schedule=comfy_schedule(schedule),
        cfg=values.number("cfgscale"),
        seed=values.whole("seed"),
        size=_size(values),
        model=file_stem(values.text("model")) or None,
        model_hash=next((_hash(model) for model in models if model.get("param") == "model"), "") or None,
        clip_skip=abs(values.whole("clipstopatlayer") or 1),
        rng="CPU",
        loras=loras.weights,
        text_encoder_weights=loras.text_weights,
        lora_options=loras.options,
        lora_hashes=loras.hashes,
        embeddings=tuple(dict.fromkeys(embeddings + more)),
        other=values.rest(SILENT) | ({"VAE": vae} if vae not in ("", "Automatic", "None") else {}),
        notes=(*notes, *loras.notes),
        tool="SwarmUI",
    )


def _drawn(prompt: str, notes: list[str]) -> tuple[str, list[str]]:
    """The text of the first image alone, and the textual inversions that it names."""
    pieces = SECTION.split(prompt)
    kept = [pieces[0]]
    for kind, text in zip(pieces[1::2], pieces[2::2], strict=True):
        if kind == "base":
            kept.append(text)
        else:
            notes.append(f"<{kind}>{text[:80].rstrip()}: of another step than the first image, taken out of the prompt")
    text = "".join(kept).strip()
    names = [file_stem(name) for name in EMBED.findall(text)]
    return EMBED.sub(lambda match: file_stem(match[1]), text), names


def _listed(values: Document, models: list[dict[str, Any]], notes: list[str]) -> Iterator[Listed]:
    names, weights, texts = values.list("loras"), values.list("loraweights"), values.list("loratencweights")
    confined = values.list("lorasectionconfinement")
    for i, name in enumerate(names):
        known = [_hash(model) for model in models if file_stem(str(model.get("name"))) == file_stem(str(name))]
        weight = number(str(weights[i]) if i < len(weights) else "1", f"LoRA {name}", values.where)
        text = number(str(texts[i]), f"LoRA {name}", values.where) if i < len(texts) else None
        if i < len(confined) and str(confined[i]).strip() not in ("0", "5", "-1"):
            notes.append(f"LoRA {name}: at {weight:g} in a refiner, video or segment alone, of another step than the first image")
            continue
        yield Listed(str(name), weight, text, known[0] if known else "")


def _hash(model: Mapping[str, Any]) -> str:
    return str(model.get("hash") or "").removeprefix("0x")[:12]


def _size(values: Document) -> tuple[int, int] | None:
    resolution = values.text("rawresolution")
    width, height = values.whole("width"), values.whole("height")
    if resolution:
        return size_of(resolution, values.where, "rawresolution")
    return None if width is None or height is None else (width, height)

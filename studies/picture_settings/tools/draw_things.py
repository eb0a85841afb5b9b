"""Draw Things: JSON in the XMP packet's `exif:UserComment`; `c` and `uc` are the prompts, `v2` the whole configuration."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from studies.picture_settings.document import Document, parsed
from studies.picture_settings.listed_loras import Listed, listed_and_tagged
from studies.picture_settings.lora_tags import number
from studies.picture_settings.sampler_names import a1111_sampler
from studies.picture_settings.settings import PictureSettings, size_of

CREATOR: Final = re.compile(r"<xmp:CreatorTool>\s*([^<]*?)\s*</xmp:CreatorTool>|xmp:CreatorTool=\"([^\"]*)\"")
COMMENT: Final = re.compile(r"<exif:UserComment>.*?<rdf:li[^>]*>(.*?)</rdf:li>", re.DOTALL)
SAMPLERS: Final = {
    "Euler A": "Euler a",
    "Euler Ancestral": "Euler a",
    "DPM++ 2M": "DPM++ 2M",
    "DPM++ SDE": "DPM++ SDE",
}
"""Its names that are not A1111's."""
NOISE: Final = {"Torch CPU Compatible": "CPU", "Nvidia GPU Compatible": "NV"}
"""Seed modes whose noise a study can draw."""
CHANGING: Final = ("controls", "refinerModel", "upscaler")
"""What of the whole configuration changes an image, and is not repeated outside it."""
SILENT: Final = frozenset(["profile", "v2", "image_scale"])


def creator(xmp: str) -> str:
    """The tool that an XMP packet names; empty if it names none."""
    match = CREATOR.search(xmp)
    return (match[1] or match[2] or "") if match else ""


def document_in(xmp: str) -> dict[str, Any]:
    """The settings in an XMP packet; empty if it has none."""
    match = COMMENT.search(xmp)
    found = parsed(html.unescape(match[1])) if match else None
    return found if isinstance(found, dict) else {}


def read(document: Mapping[str, Any], where: object) -> PictureSettings:
    """Raises InputError for a value that its key does not allow."""
    values = Document(document, where)
    more = document.get("v2")
    full = Document(more if isinstance(more, dict) else {}, where)
    loras = listed_and_tagged(values.text("c"), _listed(values, full), where)
    size, mode = values.text("size"), values.text("seed_mode")
    given = values.text("sampler")
    sampler, schedule = a1111_sampler(SAMPLERS.get(given, given) or None, None)
    rest = values.rest(SILENT) | {
        key: value for key, value in full.rest().items() if key in ("controls", "refinerModel", "upscaler")
    }
    return PictureSettings(
        prompt=loras.prompt,
        negative=values.text("uc"),
        steps=values.whole("steps"),
        sampler=sampler,
        schedule=schedule,
        cfg=values.number("scale"),
        seed=values.whole("seed"),
        size=size_of(size, where, "size") if size else None,
        model=values.text("model").removesuffix(".ckpt") or None,
        clip_skip=full.whole("clipSkip") or 1,
        rng=NOISE.get(mode, "GPU"),
        loras=loras.weights,
        lora_options=loras.options,
        other={key: value for key, value in rest.items() if (key, value) not in (("strength", "1"), ("strength", "1.0"))},
        notes=(*_notes(mode), *loras.notes),
        tool="Draw Things",
    )


def _listed(values: Document, full: Document) -> Iterator[Listed]:
    for entry in full.list("loras") or values.list("lora", "loras"):
        if isinstance(entry, dict):
            name = str(entry.get("file") or entry.get("model") or "").removesuffix(".ckpt")
            yield Listed(name, number(str(entry.get("weight", 1)), f"LoRA {name}", values.where))


def _notes(mode: str) -> list[str]:
    return [] if mode in NOISE else [f"seed_mode: {mode or 'not given'}: noise of Draw Things' own, which no study draws"]

"""What a searched LoRA is compared with: photos or, where none are named, its own appearance.

Its own appearance is the preview picture next to its file, as A1111 and Civitai's helpers name it, or else a few images of the
LoRA alone at full weight. Scores against it measure how much of that appearance shows, not likeness to photos.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from models.language.translate import phrase
from studies.study import Study

Source = Literal["photos", "crops", "preview", "close-ups"]
PREVIEWS: Final = (
    *(".preview.png", ".preview.jpg", ".preview.jpeg", ".preview.webp"),
    *(".png", ".jpg", ".jpeg", ".webp"),
)
"""Suffixes of a preview that replace .safetensors, in order of preference."""
CLOSE_UP_SEEDS: Final = (1414213562, 1618033988, 2718281828, 3141592653)
"""Seeds of close-ups: ones that nobody locks, since a ladder at such a seed would be compared with itself."""
OWN_LOOK: Final = "scores say how much of the LoRA's own look shows, not likeness to photos"
OTHER_PICTURES: Final = "scores are others than with the photos"
WORDS: Final[Mapping[Source, str]] = {
    "photos": "photos",
    "crops": "its photos are gone, the training set's own crops",
    "preview": "no photos, its preview picture",
    "close-ups": "no photos and no preview picture, {count} images of it alone at full weight",
}


def sources_of(study: Study) -> dict[str, Source]:
    """What each searched LoRA is compared with. Opens no file."""
    return {name: source_of(study, name) for name in study.spec.searched()}


def source_of(study: Study, name: str) -> Source:
    """What one searched LoRA is compared with. Opens no file."""
    section = study.spec.loras[name]
    if section.references is not None:
        return "photos"
    return "close-ups" if preview_of(study.path(section.last)) is None else "preview"


def preview_of(lora: Path) -> Path | None:
    """The preview picture next to a LoRA file, None if there is none."""
    places = (lora.with_name(lora.stem + suffix) for suffix in PREVIEWS)
    return next((place for place in places if place.is_file()), None)


def words_of(sources: Mapping[str, Source]) -> dict[str, str]:
    """One phrase for each LoRA that is not compared with photos. For "crops" see `studies.references.places`."""
    return {
        name: phrase(
            "{what}: {scores}",
            what=phrase(WORDS[source], count=len(CLOSE_UP_SEEDS)),
            scores=phrase(OTHER_PICTURES if source == "crops" else OWN_LOOK),
        )
        for name, source in sources.items()
        if source != "photos"
    }

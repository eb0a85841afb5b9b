"""What a study says of regions, in words, and which LoRAs could be given one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from models.language.translate import joined, phrase
from studies.drawing.section import HuanhuaDraw
from studies.regions.section import PARTS, WrittenRegion

if TYPE_CHECKING:
    from models.lora_kinds import LoraKind
    from studies.regions.section import RegionSection
    from studies.spec import StudySpec


def region_words(region: RegionSection, kind: LoraKind) -> str:
    """`the head`, `a box`, `a mask`: a phrase for people."""
    if isinstance(region, WrittenRegion):
        return phrase("a mask" if region.box is None else "a box")
    return phrase(PARTS[kind])


def _place_words(region: RegionSection, kind: LoraKind) -> str:
    """The same with what tells two boxes or two masks apart."""
    if not isinstance(region, WrittenRegion):
        return region_words(region, kind)
    if region.box is not None:
        return phrase("a box ({box})", box=", ".join(f"{side:g}" for side in region.box))
    return phrase("the mask {file}", file=region.mask)


def figure_words(figure: str, figures: Sequence[str]) -> str:
    """`anna's place, 1 of 2 from the left`: a phrase for people."""
    at, of = figures.index(figure) + 1, len(figures)
    return phrase("{figure}'s place, {at} of {of} from the left", figure=figure, at=at, of=of)


def words_of_regions(spec: StudySpec) -> dict[str, str]:
    """By LoRA with a region or a figure, what it is."""
    found: dict[str, str] = {}
    for name, lora in spec.loras.items():
        region = None if lora.region is None else _place_words(lora.region, lora.kind)
        place = None if lora.figure is None else figure_words(lora.figure, list(spec.figures))
        if region is not None or place is not None:
            found[name] = joined(": ", [text for text in (place, region) if text is not None])
    return found


def by_place(words: Mapping[str, str]) -> dict[str, str]:
    """The same of LoRAs that act in one place together, by their names: `face, dress`."""
    places: dict[str, list[str]] = {}
    for name, where in words.items():
        places.setdefault(where, []).append(name)
    return {", ".join(names): where for where, names in places.items()}


def regionable(spec: StudySpec) -> list[str]:
    """The LoRAs without a region that `region: auto` would give one."""
    if not isinstance(spec.draw, HuanhuaDraw) or spec.scorers.parts.model is None:
        return []
    return [name for name, lora in spec.loras.items() if lora.region is None and lora.kind in PARTS]

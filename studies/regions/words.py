"""What a study says of regions, in words, and which LoRAs could be given one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.language.translate import phrase
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


def words_of_regions(spec: StudySpec) -> dict[str, str]:
    """By LoRA with a region, what it is."""
    return {name: region_words(lora.region, lora.kind) for name, lora in spec.loras.items() if lora.region is not None}


def regionable(spec: StudySpec) -> list[str]:
    """The LoRAs without a region that `region: auto` would give one."""
    if not isinstance(spec.draw, HuanhuaDraw) or spec.scorers.parts.model is None:
        return []
    return [name for name, lora in spec.loras.items() if lora.region is None and lora.kind in PARTS]

"""Where LoRAs act, and which words are read, in the image of a point."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optimizer.point import Point
    from optimizer.regions.regions import Regions
    from studies.study import Study


def regions_at(study: Study, seed: int, point: Point) -> Regions | None:
    """As `study.evaluator` draws the point; None where nothing is confined to a place. May draw what regions are read from."""
    found = study.regions
    if found is None:
        return None
    fixed = {name for name, lora in study.spec.loras.items() if lora.fixed}
    on = found.loras & (point.on() | fixed)
    return found.where(found.of(seed), on) if on or found.worded else None

"""A job with all that its seed tells of it: where LoRAs act, and what ControlNets are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.point import Job
from studies.regions.at_point import regions_at

if TYPE_CHECKING:
    from optimizer.point import Point
    from studies.study import Study


def told_job(study: Study, seed: int, point: Point) -> Job:
    """What the study's evaluator draws at this point, for a renderer. May draw what regions and hints are read from."""
    controls, hints = point.acting_controls(), study.hints
    return Job(
        seed, point, regions_at(study, seed, point), None if hints is None or not controls else hints.of(seed).of(controls)
    )

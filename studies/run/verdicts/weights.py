"""The weights of a point in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from studies.control.words import controls_line
from studies.schedules.words import in_brackets

if TYPE_CHECKING:
    from optimizer.point import Point


def weights_line(point: Point, files: Mapping[str, str], between: str = "  ") -> str:
    """As `TrialRecord.weights_line`; `files` are the labels of those of LoRAs of several files."""
    told = {name: f" ({label})" for name, label in files.items() if point.weights.get(name)}
    steps = {name: f" {in_brackets(schedule)}" for name, schedule in point.acting_schedules().items()}
    weights = [f"{n} {weight:.2f}{told.get(n, '')}{steps.get(n, '')}" for n, weight in point.weights.items()]
    return between.join([*weights, *controls_line(point)])

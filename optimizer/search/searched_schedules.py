"""The steps in which the searched LoRAs of a study act: as its file says, and with the ends that its search moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from optimizer.point import SMALLEST, Point
from optimizer.schedules.schedule import WHOLE, Schedule, Schedules

End = Literal["start", "end"]
VALUES: Final[Mapping[End, tuple[float, ...]]] = {"start": (0.0, 0.25, 0.5), "end": (0.5, 0.75, 1.0)}
"""What a search tries, evenly spaced."""
IDLE: Final[Mapping[End, float]] = {"start": 0.0, "end": 1.0}
"""Where the axes of a LoRA that is off, or acts in all steps, are."""


@dataclass(frozen=True)
class SearchedSchedules:
    """By LoRA; one that is named in neither acts in all steps."""

    steps: int = 1
    """Of the study's images."""
    given: Schedules = field(default_factory=dict)
    """What the study file says, and what the moving ends begin at."""
    moving: Mapping[str, tuple[End, ...]] = field(default_factory=dict)
    """The ends that the search moves."""

    def axes(self) -> dict[str, tuple[float, ...]]:
        """What is tried, by the names that trials have for the axes: `dress.start`, `dress.end`."""
        return {name: VALUES[end] for name, _, end in self.columns()}

    def columns(self) -> Iterator[tuple[str, str, End]]:
        """Each axis: its name, the LoRA, the end."""
        return ((f"{lora}.{end}", lora, end) for lora, ends in self.moving.items() for end in ends)

    def named(self, weights: Mapping[str, float], wanted: Schedules) -> dict[str, Schedule]:
        """What a point with these weights has: `wanted` where the search moves it, else what the file says. LoRAs that are off or
        act in all steps are left out."""
        on = {name for name, weight in weights.items() if abs(weight) >= SMALLEST}
        found = {name: self.nearest(name, wanted) for name in (*self.given, *self.moving) if name in on}
        return {name: schedule for name, schedule in found.items() if not schedule.whole}

    def nearest(self, lora: str, wanted: Schedules) -> Schedule:
        """The nearest that the search tries, with a step at least: where both ends meet, an end that moves gives way."""
        given, ends = self.given.get(lora, WHOLE), self.moving.get(lora, ())
        sought = wanted.get(lora, given)
        starts = _by_distance("start", sought.start) if "start" in ends else [given.start]
        last = _by_distance("end", sought.end) if "end" in ends else [given.end]
        every = [Schedule(start, end) for end in last for start in starts]
        return next((one for one in every if one.steps(self.steps)), given)

    def from_numbers(self, numbers: Mapping[str, float]) -> dict[str, Schedule]:
        """Of the LoRAs with an end that moves; `numbers` are by the axes' names, ends that are not named are as the file says."""
        return {lora: Schedule(*(self._end(lora, end, numbers) for end in VALUES)) for lora in self.moving}

    def numbers(self, point: Point) -> dict[str, float]:
        """The inverse."""
        schedules = point.acting_schedules()
        return {name: getattr(schedules[lora], end) if lora in schedules else IDLE[end] for name, lora, end in self.columns()}

    def share(self, lora: str, point: Point) -> float:
        """Of the steps of a point's image, those in which the LoRA acts."""
        return point.schedules[lora].share(point.steps or self.steps) if lora in point.schedules else 1.0

    def _end(self, lora: str, end: End, numbers: Mapping[str, float]) -> float:
        return float(numbers.get(f"{lora}.{end}", getattr(self.given.get(lora, WHOLE), end)))


def _by_distance(end: End, value: float) -> list[float]:
    return sorted(VALUES[end], key=lambda other: abs(other - value))

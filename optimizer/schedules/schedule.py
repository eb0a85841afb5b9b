"""In which steps of an image a LoRA acts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Final

ROUNDING: Final = 1e-9
"""Shares are decimals that somebody wrote: 0.3 of 10 steps is step 3, whatever the product of the two is in float64."""


@dataclass(frozen=True, order=True)
class Schedule:
    """The LoRA acts in step i of n, counted from 0, where start <= i / n < end: two schedules that meet share no step and leave
    none out. Shares are of the steps, whatever noise levels these lie at."""

    start: float = 0.0
    """In [0, 1), below `end`."""
    end: float = 1.0
    """In (0, 1]."""

    @property
    def whole(self) -> bool:
        """Whether it says nothing: the LoRA acts in all steps."""
        return self.start <= 0 and self.end >= 1

    def steps(self, count: int) -> range:
        """The steps of `count` in which the LoRA acts, from 0 on; none where the schedule falls between two."""
        return range(math.ceil(self.start * count - ROUNDING), math.ceil(self.end * count - ROUNDING))

    def share(self, count: int) -> float:
        """Of `count` steps, the share in which the LoRA acts: in [0, 1]."""
        return len(self.steps(count)) / count

    def __str__(self) -> str:
        return f"{self.start:g} to {self.end:g}"


WHOLE: Final = Schedule()
Schedules = Mapping[str, Schedule]
"""By LoRA; one that is not named acts in all steps."""
NONE: Final[Schedules] = MappingProxyType({})


def acting(weights: Mapping[str, float], schedules: Schedules, window: Schedule) -> dict[str, float]:
    """The weights of the LoRAs that act in a window of `windows`."""
    of = {name: schedules.get(name, WHOLE) for name in weights}
    return {n: w for n, w in weights.items() if of[n].start <= window.start and window.end <= of[n].end}


def windows(schedules: Schedules) -> list[Schedule]:
    """The stretches of an image's steps, in order, in each of which the same LoRAs act: one where all act in all steps."""
    ends = sorted({0.0, 1.0, *(s.start for s in schedules.values()), *(s.end for s in schedules.values())})
    return [Schedule(start, end) for start, end in pairwise(ends)]


def as_pairs(schedules: Schedules) -> dict[str, list[float]]:
    """As JSON: start and end by LoRA."""
    return {name: [schedule.start, schedule.end] for name, schedule in sorted(schedules.items())}

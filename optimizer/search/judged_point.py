"""A drawn point with its cost and constraints, and the best or nearest of several."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optimizer.point import Point


@dataclass(frozen=True)
class Judged:
    """A drawn point with its cost and the violation of each constraint."""

    point: Point
    cost: float
    """In units of weight."""
    violations: Mapping[str, float]
    """By constraint, in its units: at most 0 is met, NaN is not."""
    pending: bool = False
    """Whether it is being drawn, and its violations are only expected: it is never the best."""
    images: tuple[Judged, ...] = ()
    """Its own image and those of its neighbours, where its violations are the worst of them; none where they are its own."""

    @property
    def feasible(self) -> bool:
        return all(violation <= 0 for violation in self.violations.values())

    @property
    def worst(self) -> tuple[str, float]:
        """The constraint that is violated most, and by how much."""
        return max(self.violations.items(), key=lambda item: item[1])


def best(history: Sequence[Judged]) -> Judged | None:
    """The cheapest feasible point that was drawn, the earliest among equals."""
    feasible = [j for j in history if j.feasible and not j.pending]
    return min(feasible, key=lambda j: j.cost) if feasible else None


def nearest(history: Sequence[Judged]) -> Judged:
    """The drawn point closest to being feasible: the least sum of violations, the cheapest among equals. NaN is infinite."""
    drawn = [j for j in history if not j.pending]
    return min(drawn or history, key=lambda j: (sum(_violation(v) for v in j.violations.values()), j.cost))


def _violation(value: float) -> float:
    return math.inf if math.isnan(value) else max(0.0, value)

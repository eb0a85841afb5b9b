"""A drawn point with its cost and constraints, and the best or nearest of several."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optimizer.point import Point


@dataclass(frozen=True)
class Judged:
    """A drawn point: its cost and how far each requirement is from being met (at most 0 is met)."""

    point: Point
    cost: float
    violations: Mapping[str, float]

    @property
    def feasible(self) -> bool:
        return all(m <= 0 for m in self.violations.values())

    @property
    def worst(self) -> tuple[str, float]:
        """The requirement furthest from being met, and by how much."""
        return max(self.violations.items(), key=lambda item: item[1])


def best(history: Sequence[Judged]) -> Judged | None:
    """The cheapest feasible point, the earliest among equals."""
    feasible = [j for j in history if j.feasible]
    return min(feasible, key=lambda j: j.cost) if feasible else None


def nearest(history: Sequence[Judged]) -> Judged:
    """The point closest to being feasible: least sum of unmet margins. One with a margin that is no number is the furthest."""
    return min(history, key=lambda j: (sum(math.inf if math.isnan(m) else max(0.0, m) for m in j.violations.values()), j.cost))

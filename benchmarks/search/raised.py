"""The second point that yardsticks without one of their own are given: raised where a requirement is not met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.samplers.base import Sampler
from optimizer.search.space import Space

DOWN_STEPS = 4
"""Steps that a weight whose requirement is met goes down by."""


def raised(space: Space, start: Judged) -> Point:
    """Half of the way to the top for weights whose requirement is not met, down by a few steps for the others."""
    weights = {}
    for name, axis in space.weights.items():
        weight = start.point.weights[name]
        unmet = start.violations[name] > 0
        weights[name] = (weight + axis.high) / 2 if unmet else weight - DOWN_STEPS * axis.step
    return space.point(weights)


@dataclass(frozen=True)
class Raised:
    """A sampler that is given this point as its second."""

    sampler: Sampler
    design: tuple[float, ...] = ()
    min_saving: float | None = None

    def propose(self, space: Space, history: Sequence[Judged]) -> Point | None:
        return raised(space, history[0]) if len(history) == 1 else self.sampler.propose(space, history)

"""Problems on a finer grid than their landscape was drawn on: scores between drawn points by multilinear interpolation.

Studies search in steps of 0.05, while landscapes were drawn in steps of 0.1; robustness lies between the points of either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.robustness import neighbours
from optimizer.search.space import Axis, Space
from optimizer.testing.landscape import NEAR, Problem
from scorers.score.registry import counts_faults

STEP: Final = 0.05
"""Of weights, as study files have it by default."""
OFF: Final = 0.02
"""Of robustness, likewise."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Refined:
    """A problem whose weights move in steps of `step`. What counts faults has one where more
    than half of the corners' weight has."""

    problem: Problem
    step: float = STEP

    @cached_property
    def space(self) -> Space:
        drawn = self.problem.space
        return Space({n: Axis(a.low, a.high, self.step) for n, a in drawn.weights.items()}, drawn.given_cfg)

    @cached_property
    def start(self) -> Point:
        return self.space.point(self.problem.landscape.start)

    @cached_property
    def optimum(self) -> float | None:
        """The least cost of a point that meets all; None where there is none."""
        return self._least_of(self._feasible(0.0))

    @cached_property
    def robust_optimum(self) -> float | None:
        """The same among points that hold with all weights OFF lower and higher."""
        return self._least_of(self._feasible(0.0) & self._feasible(-OFF) & self._feasible(OFF))

    @cached_property
    def least(self) -> float | None:
        """The least cost of a robust point; where none is robust, of a feasible one."""
        return self.optimum if self.robust_optimum is None else self.robust_optimum

    def judge(self, point: Point) -> Judged:
        """Any point, those between the steps too."""
        at = [np.array([point.weights[name]]) for name in self.space.weights]
        return Judged(point, self.space.cost(point), {name: self._violation(name, at).item() for name in self.problem.violations})

    def is_pick(self, judged: Judged) -> bool:
        """Feasible, and within NEAR of the optimum."""
        return self.optimum is not None and judged.feasible and judged.cost <= self.optimum + NEAR + 1e-6

    def holds(self, point: Point) -> bool:
        """Whether a point is feasible and robust."""
        return all(self.judge(p).feasible for p in (point, *neighbours(point, OFF).values()))

    def _ticks(self) -> list[Floats]:
        return [np.round(np.arange(a.low, a.high + 1e-9, a.step), 6) for a in self.space.weights.values()]

    def _feasible(self, off: float) -> NDArray[np.bool_]:
        """Of each point of the grid with all weights moved by `off`, those at 0 left there."""
        at = [np.where(ticks > 0, np.maximum(ticks + off, 0.0), ticks) for ticks in self._ticks()]
        return np.asarray(np.all([self._violation(name, at) <= 0 for name in self.problem.violations], axis=0))

    def _least_of(self, feasible: NDArray[np.bool_]) -> float | None:
        cost = sum(np.abs(ticks) for ticks in np.meshgrid(*self._ticks(), indexing="ij", sparse=True))
        return float(np.min(np.broadcast_to(cost, feasible.shape)[feasible])) if feasible.any() else None

    def _violation(self, name: str, at: Sequence[Floats]) -> Floats:
        """Of one constraint, on the grid of weights `at`, (n_k,) a LoRA: (n_1, ..., n_D). Weights beyond the landscape count as
        at its edge."""
        found = np.asarray(self.problem.violations[name], np.float64)
        for axis, (values, weights) in enumerate(zip(self.problem.landscape.levels.values(), at, strict=True)):
            cells, shares = _cells(values, weights)
            shares = shares.reshape([-1 if k == axis else 1 for k in range(found.ndim)])
            found = (1 - shares) * np.take(found, cells, axis) + shares * np.take(found, cells + 1, axis)
        return np.where(found > 0.5, 1.0, 0.0) if counts_faults(name) else found


def _cells(values: Sequence[float], weights: Floats) -> tuple[NDArray[np.intp], Floats]:
    """The index of the point below each weight, and how far the weight is towards the next, in [0, 1]."""
    inside = np.clip(weights, values[0], values[-1])
    cells = np.clip(np.searchsorted(values, inside + 1e-9, side="right") - 1, 0, len(values) - 2)
    low, high = np.asarray(values)[cells], np.asarray(values)[cells + 1]
    return cells, np.clip((inside - low) / (high - low), 0.0, 1.0)

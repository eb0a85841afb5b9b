"""Problems on a finer grid than their landscape was drawn on: scores between drawn points by multilinear interpolation.

Studies search in steps of 0.05, while landscapes were drawn in steps of 0.1; robustness lies between the points of either.
"""

from __future__ import annotations

import itertools
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
        rows = self._rows()
        feasible = self._feasible(rows)
        return float(np.abs(rows[feasible]).sum(axis=1).min()) if feasible.any() else None

    @cached_property
    def robust_optimum(self) -> float | None:
        """The same among points that hold with all weights OFF lower and higher."""
        rows = self._rows()
        feasible = self._feasible(rows)
        for off in (-OFF, OFF):
            feasible &= self._feasible(np.where(rows > 0, np.maximum(rows + off, 0.0), rows))
        return float(np.abs(rows[feasible]).sum(axis=1).min()) if feasible.any() else None

    @cached_property
    def least(self) -> float | None:
        """The least cost of a robust point; where none is robust, of a feasible one."""
        return self.optimum if self.robust_optimum is None else self.robust_optimum

    def judge(self, point: Point) -> Judged:
        """Any point, those between the steps too."""
        row = np.array([[point.weights[name] for name in self.space.weights]])
        return Judged(point, self.space.cost(point), {name: float(v[0]) for name, v in self._violations(row).items()})

    def is_pick(self, judged: Judged) -> bool:
        """Feasible, and within NEAR of the optimum."""
        return self.optimum is not None and judged.feasible and judged.cost <= self.optimum + NEAR + 1e-6

    def holds(self, point: Point) -> bool:
        """Whether a point is feasible and robust."""
        return all(self.judge(p).feasible for p in (point, *neighbours(point, OFF).values()))

    def _rows(self) -> Floats:
        ticks = [np.round(np.arange(a.low, a.high + 1e-9, a.step), 6) for a in self.space.weights.values()]
        return np.stack(np.meshgrid(*ticks, indexing="ij"), axis=-1).reshape(-1, len(ticks))

    def _feasible(self, rows: Floats) -> NDArray[np.bool_]:
        return np.asarray(np.all([v <= 0 for v in self._violations(rows).values()], axis=0))

    def _violations(self, rows: Floats) -> dict[str, Floats]:
        """By constraint, at weights `rows` (M, D): (M,) each. Weights beyond the landscape count as at its edge."""
        levels = list(self.problem.landscape.levels.values())
        cells, shares = zip(*(_cells(values, rows[:, k]) for k, values in enumerate(levels)), strict=True)
        found = {}
        for name, table in self.problem.violations.items():
            total = np.zeros(len(rows))
            for corner in itertools.product((0, 1), repeat=len(levels)):
                weight = np.prod([s if c else 1 - s for c, s in zip(corner, shares, strict=True)], axis=0)
                total += weight * table[tuple(cell + c for c, cell in zip(corner, cells, strict=True))]
            found[name] = np.where(total > 0.5, 1.0, 0.0) if counts_faults(name) else total
        return found


def _cells(values: Sequence[float], weights: Floats) -> tuple[NDArray[np.intp], Floats]:
    """The index of the point below each weight, and how far the weight is towards the next, in [0, 1]."""
    inside = np.clip(weights, values[0], values[-1])
    cells = np.clip(np.searchsorted(values, inside + 1e-9, side="right") - 1, 0, len(values) - 2)
    low, high = np.asarray(values)[cells], np.asarray(values)[cells + 1]
    return cells, np.clip((inside - low) / (high - low), 0.0, 1.0)

"""The points of a grid among which the acquisition chooses, as rows of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.point import Point
from optimizer.search.least_weight.control_axes import cost_of_controls, drawable_controls, with_whole_controls
from optimizer.search.least_weight.schedule_axes import drawable, shares_of_steps, with_whole_schedules
from optimizer.search.least_weight.step_prior import Floats
from optimizer.search.space import EARLIER, Axis, Space

MAX_CANDIDATES: Final = 12_000
NEAR_STEPS: Final = 4
"""Steps along each axis, around given points, that are always among the candidates."""


@dataclass(frozen=True)
class Candidates:
    """M points: `values` (M, D) in units of the axes, weights in the order of the space first; `cost` (M,) in units of weight."""

    values: Floats
    cost: Floats

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Candidates:
        return Candidates(self.values[which], self.cost[which])

    @classmethod
    def of(cls, space: Space, values: Floats) -> Candidates:
        return cls(values, cost_of(space, values))

    def point(self, space: Space, index: int | np.intp) -> Point:
        return point_of(space, self.values[index])


def axes_of(space: Space) -> list[Axis]:
    return [*space.weights.values(), *space.free.values()]


def candidates(space: Space, around: Sequence[Point], seed: int) -> Candidates:
    """All points of the grid if they are at most MAX_CANDIDATES; else as many at random, and those near `around`. No
    duplicates."""
    ticks = [np.round(a.low + a.step * np.arange(_count(a)), 6) for a in axes_of(space)]
    if is_enumerated(space):
        values = _without_idle(space, np.stack(np.meshgrid(*ticks, indexing="ij"), axis=-1).reshape(-1, len(ticks)))
    else:
        rng = np.random.default_rng(seed)
        drawn = np.column_stack([rng.choice(t, MAX_CANDIDATES // 2) for t in ticks])
        near = [rows_near(space, row_of(space, p), rng) for p in around]
        values = np.unique(_without_idle(space, np.concatenate([drawn, *near])), axis=0)
    return Candidates.of(space, values)


def _without_idle(space: Space, values: Floats) -> Floats:
    """Rows with a LoRA at weight 0, which its files and schedules leave the same image, only at its last file and at all steps;
    none with a schedule that holds no step, or a ControlNet of strength 0 that would end early."""
    names, kept = list(space.weights), np.ones(len(values), dtype=bool)
    for column, (lora, labels) in enumerate(space.files.items(), len(names) + bool(space.cfg)):
        kept &= (values[:, names.index(lora)] != 0) | (values[:, column] == len(labels) - 1)
    return values[kept & drawable(space, values) & drawable_controls(space, values)]


def is_enumerated(space: Space) -> bool:
    """Whether `candidates` lists every point of the grid."""
    return math.prod(_count(a) for a in axes_of(space)) <= MAX_CANDIDATES


def merged(one: Candidates, other: Candidates) -> Candidates:
    return Candidates(np.concatenate([one.values, other.values]), np.concatenate([one.cost, other.cost]))


def _count(axis: Axis) -> int:
    return int((axis.high - axis.low) / axis.step + 1e-9) + 1


def row_of(space: Space, point: Point) -> Floats:
    """(D,)"""
    numbers = space.numbers(point)
    return np.array([numbers[name] for name in (*space.weights, *space.free)])


def point_of(space: Space, row: Floats) -> Point:
    return space.from_numbers({name: float(v) for name, v in zip((*space.weights, *space.free), row, strict=True)})


def as_shares(space: Space, values: Floats) -> Floats:
    """Values (M, D) as shares of their axes: 0 is the lower bound, 1 the upper."""
    low, high = (np.array([getattr(a, end) for a in axes_of(space)]) for end in ("low", "high"))
    return np.asarray((values - low) / np.maximum(high - low, 1e-9))


def cost_of(space: Space, values: Floats) -> Floats:
    """`space.cost` of the points `values` (M, D) at once: (M,)."""
    count = len(space.weights)
    prices = np.array([(space.prices or {}).get(name, 1.0) for name in space.weights])
    cost = (np.abs(values[:, :count]) * shares_of_steps(space, values)) @ prices + cost_of_controls(space, values)
    if space.cfg:
        cost = cost + space.cfg_price * np.abs(values[:, count] - space.given_cfg)
    for column, labels in enumerate(space.files.values(), count + bool(space.cfg)):
        cost = cost + EARLIER * (len(labels) - 1 - values[:, column])
    if space.prompt_edits:
        cost = cost + space.edit_price * values[:, -len(space.prompt_edits) :].sum(axis=1)
    return np.asarray(cost)


def max_cost(space: Space) -> float:
    """The cost of the costliest corner of the grid: each axis costs by itself."""
    axes = axes_of(space)
    low = np.array([a.low for a in axes])
    rows = np.concatenate([[low], low + np.diag([a.high - a.low for a in axes])])
    cost = cost_of(space, with_whole_controls(space, with_whole_schedules(space, rows)))
    return float(cost[0] + np.maximum(cost[1:] - cost[0], 0.0).sum())


def rows_near(space: Space, row: Floats, rng: np.random.Generator) -> Floats:
    """Rows that differ by a few steps: in one axis alone, and, at random, in several."""
    axes = axes_of(space)
    steps = np.arange(-NEAR_STEPS, NEAR_STEPS + 1)
    single = [np.eye(len(axes))[d] * s for d in range(len(axes)) for s in steps]
    moves = np.concatenate([single, rng.integers(-2, 3, (512, len(axes)))])
    near = np.array([[a.snap(v) for a, v in zip(axes, row + m * [a.step for a in axes], strict=True)] for m in moves])
    return _without_idle(space, near)

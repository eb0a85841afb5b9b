"""Prior over step shapes: one step along one direction of the weights, s(x; d, p, h) in the package's notation.

A LoRA's own constraint is met by more of its weight, later where the others weigh more: raising one lowers the others. Every
other constraint gets worse with a weighted total. `StepShapes` holds samples of where the step lies, how steep it is and how
much each weight counts; data then weigh them. The surrogate is linear in the height of the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHAPE_COUNT: Final = 1024
"""N: a power of 2, as Sobol points want."""
MIN_WIDTH, MAX_WIDTH = 0.02, 0.2
"""Of steps, in shares of an axis."""
EITHER_WAY: Final = 0.6
"""Width of the range, around 0, of how much an axis beyond the weights counts."""
MAX_PULL: Final = 0.35
"""How much one unit of another LoRA's weight takes from a LoRA's own, at most."""


@dataclass(frozen=True)
class StepShapes:
    """N samples of a step: `direction` (N, D), `place` (N,), `width` (N,)."""

    direction: Floats
    place: Floats
    width: Floats

    def __len__(self) -> int:
        return len(self.place)

    def step(self, x: Floats) -> Floats:
        """s at points `x` (M, D), from 0 below the step to 1 above it: (N, M)."""
        along = (self.direction @ x.T - self.place[:, None]) / self.width[:, None]
        return np.asarray(0.5 + 0.5 * np.tanh(0.5 * along))

    def take(self, indices: NDArray[np.intp]) -> StepShapes:
        return StepShapes(self.direction[indices], self.place[indices], self.width[indices])

    def as_array(self) -> Floats:
        """(N, D + 2): direction, place, logarithm of the width."""
        return np.column_stack([self.direction, self.place, np.log(self.width)])

    @classmethod
    def of_array(cls, rows: Floats) -> StepShapes:
        """The inverse of `as_array`; widths are clipped to half of MIN_WIDTH and twice MAX_WIDTH."""
        return cls(rows[:, :-2], rows[:, -2], np.exp(np.clip(rows[:, -1], np.log(MIN_WIDTH / 2), np.log(2 * MAX_WIDTH))))


def expression_steps(own: int, count: int, free: int, seed: int) -> StepShapes:
    """Steps of the LoRA with index `own` of `count`: its own weight counts 1, the others' against it. `free` axes beyond the
    weights (CFG, prompt edits) count either way."""
    u = _sobol(count + free + 2, seed)
    direction = np.concatenate([-MAX_PULL * u[:, :count] ** 1.5, _either_way(u[:, count:-2])], axis=1)
    direction[:, own] = 1.0
    return StepShapes(direction, -0.15 + 1.2 * u[:, -2], _log_uniform_width(u[:, -1]))


def load_steps(count: int, free: int, seed: int) -> StepShapes:
    """Steps of what the weighted total of `count` weights spoils; they lie past the total of all where nothing is spoilt."""
    u = _sobol(count + free + 2, seed)
    loads = 0.4 + 1.2 * u[:, :count]
    loads *= count / loads.sum(axis=1, keepdims=True)
    direction = np.concatenate([loads, _either_way(u[:, count:-2])], axis=1)
    return StepShapes(direction, count * (0.2 + u[:, -2]), 2 * _log_uniform_width(u[:, -1]))


def _either_way(u: Floats) -> Floats:
    return np.asarray(EITHER_WAY * (u - 0.5))


def _log_uniform_width(u: Floats) -> Floats:
    return np.asarray(MIN_WIDTH * (MAX_WIDTH / MIN_WIDTH) ** u)


def _sobol(dimensions: int, seed: int) -> Floats:
    """Scrambled Sobol points (Sobol 1967) in random order, so that any part of them is spread evenly too."""
    from scipy.stats import qmc

    rng = np.random.default_rng(seed)
    return np.asarray(rng.permutation(qmc.Sobol(dimensions, rng=rng).random(SHAPE_COUNT)))

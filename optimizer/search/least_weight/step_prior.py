"""What a requirement is expected to look like before much is seen: one step along one direction of the weights.

A LoRA's own requirement is met by more of its weight, later where the others weigh more: raising one lowers the others. Hands,
body and drift get worse with a weighted total. Where the step lies, how steep it is and how much each weight counts is unknown:
`Shapes` holds many guesses, which data then weigh. How high the step is, is left to the model, linear in it.

Weights are in shares of their axis: 0 is the lower bound, 1 the upper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GUESSES: Final = 256
NARROW, WIDE = 0.02, 0.2
"""Widths of steps, in shares of an axis."""
MOST_PULL: Final = 0.35


@dataclass(frozen=True)
class Shapes:
    """N guesses: `direction` (N, D) how each weight counts, `place` (N,) where along it the step is, `width` (N,) its width."""

    direction: Floats
    place: Floats
    width: Floats

    def __len__(self) -> int:
        return len(self.place)

    def step(self, x: Floats) -> Floats:
        """From 0 below the step to 1 above it, at points `x` (M, D): (N, M)."""
        along = (self.direction @ x.T - self.place[:, None]) / self.width[:, None]
        return np.asarray(0.5 + 0.5 * np.tanh(0.5 * along))

    def take(self, which: NDArray[np.intp]) -> Shapes:
        return Shapes(self.direction[which], self.place[which], self.width[which])

    def as_array(self) -> Floats:
        """(N, D + 2): direction, place, logarithm of the width."""
        return np.column_stack([self.direction, self.place, np.log(self.width)])

    @classmethod
    def of_array(cls, held: Floats) -> Shapes:
        return cls(held[:, :-2], held[:, -2], np.exp(np.clip(held[:, -1], np.log(NARROW / 2), np.log(2 * WIDE))))


def rising(own: int, count: int, free: int, seed: int) -> Shapes:
    """Guesses for what the weight of index `own`, of `count`, brings about and the others take away. `free` axes beyond the
    weights (CFG, levers) may count either way."""
    u = _spread(count + free + 2, seed)
    direction = np.concatenate([-MOST_PULL * u[:, :count] ** 1.5, _either(u[:, count:-2])], axis=1)
    direction[:, own] = 1.0
    return Shapes(direction, -0.15 + 1.2 * u[:, -2], _width(u[:, -1]))


def worsening(count: int, free: int, seed: int) -> Shapes:
    """Guesses for what the total of `count` weights spoils; past the total of all where nothing does."""
    u = _spread(count + free + 2, seed)
    loads = 0.4 + 1.2 * u[:, :count]
    loads *= count / loads.sum(axis=1, keepdims=True)
    return Shapes(np.concatenate([loads, _either(u[:, count:-2])], axis=1), count * (0.2 + u[:, -2]), 2 * _width(u[:, -1]))


def _either(u: Floats) -> Floats:
    return np.asarray(0.6 * (u - 0.5))


def _width(u: Floats) -> Floats:
    return np.asarray(NARROW * (WIDE / NARROW) ** u)


def _spread(dimensions: int, seed: int) -> Floats:
    """Points spread evenly over the unit cube (Sobol 1967, scrambled), in no order: some of them are spread evenly too."""
    from scipy.stats import qmc

    rng = np.random.default_rng(seed)
    return np.asarray(rng.permutation(qmc.Sobol(dimensions, rng=rng).random(GUESSES)))

"""One requirement as a Gaussian process whose mean is a step: from margins seen to the chance that a point meets it.

margin(w) = a + b * step(w) + residual(w) + roughness. Each guess of the step's shape
(optimizer.search.least_weight.step_prior) gives a linear model
in (a, b) with a normal prior and a Matern 5/2 residual (Rasmussen and Williams 2006, sections 2.7 and 4.2); a and b are
integrated out exactly. Guesses, and how large residuals are, are weighed by how well they explain what was seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.search.least_weight.step_prior import Floats, Shapes

RESIDUALS: Final = (0.04, 0.1, 0.25)
"""Standard deviations that the residual may have, in units of the margin."""
LENGTH: Final = 0.4
"""Over which part of an axis residuals are alike."""
ROUGH: Final = 0.05
"""What differs from one point to the next for no reason that a model could know."""


@dataclass(frozen=True)
class Prior:
    """What is believed before this seed is seen. `log_share` (N,) weighs the shapes, `log_residual` the entries of RESIDUALS;
    `level` (2,) and `spread` (2, 2) are mean and covariance of (a, b)."""

    shapes: Shapes
    log_share: Floats
    log_residual: Floats
    level: Floats
    spread: Floats


@dataclass(frozen=True)
class Posterior:
    """What is believed now. `weights` (G, N) sums to 1; `levels` (G, N, 2) and `spreads` (G, N, 2, 2) are of (a, b)."""

    prior: Prior
    x: Floats
    y: Floats
    weights: Floats
    levels: Floats
    spreads: Floats
    whiteners: tuple[Floats, ...]
    """For each size of residuals the inverse of the lower Cholesky factor of what is seen at `x`: (n, n)."""
    evidence: float


@dataclass(frozen=True)
class Predicted:
    """At M points: the chance that the margin is at most 0, its expected value, and how much of it is above 0."""

    chance: Floats
    mean: Floats
    unmet: Floats


def learn(prior: Prior, x: Floats, y: Floats) -> Posterior:
    """From margins `y` (n,) at points `x` (n, D). Without points the posterior is the prior."""
    n, guesses = len(y), len(prior.shapes)
    basis = _basis(prior.shapes, x)
    precision, given = np.linalg.inv(prior.spread), np.linalg.det(prior.spread)
    logs, levels, spreads, whiteners = [], [], [], list[Floats]()
    alike = _alike(x, x)
    columns = basis.transpose(1, 0, 2).reshape(n, 2 * guesses)
    below = (y[None] - basis @ prior.level).T
    for residual, log_share in zip(RESIDUALS, prior.log_residual, strict=True):
        factor = _factor(residual**2 * alike + ROUGH**2 * np.eye(n))
        whitener = _inverse_of(factor)
        whitened = (whitener @ columns).reshape(n, guesses, 2)
        off = whitener @ below
        inner = precision + _products(whitened)
        spread, volume = _inverse(inner)
        pull = (whitened * off[..., None]).sum(axis=0)
        shift = np.einsum("pab,pb->pa", spread, pull)
        fit = -0.5 * ((off**2).sum(axis=0) - (pull * shift).sum(axis=1)) - 0.5 * np.log(volume * given)
        logs.append(fit - np.log(np.diag(factor)).sum() - 0.5 * n * np.log(2 * np.pi) + prior.log_share + log_share)
        levels.append(prior.level + shift)
        spreads.append(spread)
        whiteners.append(whitener)
    log = np.array(logs)
    top = log.max()
    weights = np.exp(log - top)
    evidence = float(top + np.log(weights.sum()))
    return Posterior(prior, x, y, weights / weights.sum(), np.array(levels), np.array(spreads), tuple(whiteners), evidence)


def predict(held: Posterior, points: Floats, guesses: int, alike: Floats | None = None) -> Predicted:
    """At `points` (M, D), by `guesses` draws from the posterior, spread evenly over it. `alike` is `likeness` of what was seen to
    the points, where that is known already."""
    from scipy.special import ndtr

    alike = likeness(held, points) if alike is None else alike
    chance, mean, unmet = (np.zeros(len(points)) for _ in range(3))
    for g, which, share in _drawn(held.weights, guesses):
        middle, sd = _normal(held, g, which, points, alike)
        z = middle / sd
        above = ndtr(z)
        chance += share @ (1 - above)
        mean += share @ middle
        unmet += share @ (middle * above + sd * np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi))
    return Predicted(chance, mean, unmet)


def _drawn(weights: Floats, count: int) -> Iterator[tuple[int, NDArray[np.intp], Floats]]:
    """Systematic resampling (Kitagawa 1996): for each size of residuals the guesses drawn, and their shares of all draws."""
    ends = np.cumsum(weights)
    ticks = np.searchsorted(ends, (np.arange(count) + 0.5) / count * ends[-1])
    chosen, often = np.unique(ticks, return_counts=True)
    for g in range(len(weights)):
        mine = chosen // weights.shape[1] == g
        if mine.any():
            yield g, chosen[mine] % weights.shape[1], often[mine] / count


def _normal(held: Posterior, g: int, which: NDArray[np.intp], points: Floats, alike: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the margin by each guess: (P, M) each."""
    shapes, count, seen = held.prior.shapes.take(which), len(which), len(held.y)
    here, there = shapes.step(points), _basis(shapes, held.x)
    level, spread = held.levels[g, which], held.spreads[g, which]
    whitener = held.whiteners[g]
    known = RESIDUALS[g] ** 2 * (whitener @ alike)
    left = whitener @ (held.y[None] - np.einsum("pna,pa->pn", there, level)).T
    whitened = (whitener @ there.transpose(1, 0, 2).reshape(seen, 2 * count)).reshape(seen, count, 2)
    middle = level[:, :1] + level[:, 1:] * here + left.T @ known
    base, step = 1 - whitened[..., 0].T @ known, here - whitened[..., 1].T @ known
    s00, s01, s11 = (spread[:, a, b, None] for a, b in ((0, 0), (0, 1), (1, 1)))
    own = np.maximum(RESIDUALS[g] ** 2 - (known**2).sum(axis=0), 0.0) + ROUGH**2
    return middle, np.sqrt(own + base * (s00 * base + 2 * s01 * step) + s11 * step**2)


def _basis(shapes: Shapes, x: Floats) -> Floats:
    """(N, M, 2): 1 and the step."""
    step = shapes.step(x)
    return np.stack([np.ones_like(step), step], axis=-1)


def likeness(held: Posterior, points: Floats) -> Floats:
    """How alike residuals are at what was seen and at `points`: (n, M), 1 where they are the same. The same for all requirements
    of one history."""
    return _alike(held.x, points)


def _alike(a: Floats, b: Floats) -> Floats:
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * (a @ b.T)
    far = np.sqrt(5 * np.maximum(squared, 0.0)) / LENGTH
    return np.asarray((1 + far + far**2 / 3) * np.exp(-far))


def _products(whitened: Floats) -> Floats:
    """For each guess its basis with itself, (n, N, 2) to (N, 2, 2)."""
    moved = whitened.transpose(1, 2, 0)
    return np.asarray(moved @ moved.transpose(0, 2, 1))


def _inverse(held: Floats) -> tuple[Floats, Floats]:
    """Inverses and determinants of symmetric 2 x 2 matrices (N, 2, 2)."""
    a, b, d = held[:, 0, 0], held[:, 0, 1], held[:, 1, 1]
    volume = a * d - b * b
    return np.stack([d, -b, -b, a], axis=-1).reshape(-1, 2, 2) / volume[:, None, None], volume


def _factor(covariance: Floats) -> Floats:
    return np.asarray(np.linalg.cholesky(covariance) if len(covariance) else covariance, np.float64)


def _inverse_of(factor: Floats) -> Floats:
    """Of a lower triangular matrix."""
    from scipy.linalg import solve_triangular

    if not len(factor):
        return factor
    return np.asarray(solve_triangular(factor, np.eye(len(factor)), lower=True, check_finite=False))

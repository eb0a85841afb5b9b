"""The surrogate of one constraint: a Gaussian process whose mean is a step, v(x) = a + b s(x) + r(x) + e, seen as v(x) + t.

Given a shape of the step and a scale of the residual the model is Bayesian linear regression in (a, b) with correlated noise;
(a, b) are integrated out exactly (Rasmussen and Williams 2006, sections 2.7 and 4.2). Shapes and scales are weighted by their
marginal likelihood. The package's docstring explains symbols, shapes and units.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.search.least_weight.step_prior import Floats, StepShapes


class Scale(NamedTuple):
    """Standard deviations, in units of v: of the residual r, and of the roughness e."""

    residual: float
    rough: float


SCALES: Final = tuple(itertools.starmap(Scale, itertools.product((0.04, 0.1, 0.25), (0.01, 0.03, 0.1))))
"""What r and e may have: the data weigh them. A flat plateau is seen to be smooth, so that its next point is no lucky draw."""
LENGTH_SCALE: Final = 0.4
"""Of the Matern kernel, in shares of an axis."""
BLOCK: Final = 4096
"""Points that are predicted at once: what they need stays in the processor's cache."""


@dataclass(frozen=True)
class Prior:
    """The prior of one constraint: `log_weights` (N,) of the shapes, `log_scale_weights` (G,) of SCALES, `level_mean` (2,) and
    `level_cov` (2, 2) of (a, b)."""

    shapes: StepShapes
    log_weights: Floats
    log_scale_weights: Floats
    level_mean: Floats
    level_cov: Floats


@dataclass(frozen=True)
class Posterior:
    """The posterior given violations `y` (n,) at points `x` (n, D): `weights` (G, N), and `level_means` (G, N, 2) and
    `level_covs` (G, N, 2, 2) of (a, b)."""

    prior: Prior
    x: Floats
    y: Floats
    weights: Floats
    level_means: Floats
    level_covs: Floats
    whiteners: tuple[Floats, ...]
    """L^-1 (n, n) by scale, where L L^T is the covariance of r + e + t at `x`."""
    log_evidence: float


@dataclass(frozen=True)
class Prediction:
    """At M points: P(v <= 0), E[v] and E[max(v, 0)], (M,) each."""

    feasible: Floats
    mean: Floats
    expected_violation: Floats

    def joined(self, other: Prediction) -> Prediction:
        """This one's points, then those of `other`."""
        return Prediction(
            np.concatenate([self.feasible, other.feasible]),
            np.concatenate([self.mean, other.mean]),
            np.concatenate([self.expected_violation, other.expected_violation]),
        )


def fit(prior: Prior, x: Floats, y: Floats, noise: float = 0.0) -> Posterior:
    """The posterior given violations `y` (n,) at points `x` (n, D). Without points it is the prior. `noise` is the standard
    deviation of t, in units of v."""
    n, shape_count = len(y), len(prior.shapes)
    basis = _basis(prior.shapes, x)
    precision, prior_det = np.linalg.inv(prior.level_cov), np.linalg.det(prior.level_cov)
    logs, level_means, level_covs, whiteners = [], [], [], list[Floats]()
    kernel = _matern52(x, x)
    columns = basis.transpose(1, 0, 2).reshape(n, 2 * shape_count)
    offsets = (y[None] - basis @ prior.level_mean).T
    for scale, log_weight in zip(SCALES, prior.log_scale_weights, strict=True):
        cholesky = _cholesky(scale.residual**2 * kernel + (scale.rough**2 + noise**2) * np.eye(n))
        whitener = _inverse_triangular(cholesky)
        whitened = (whitener @ columns).reshape(n, shape_count, 2)
        white_offsets = whitener @ offsets
        cov, det = _inverse_2x2(precision + _gram(whitened))
        projected = (whitened * white_offsets[..., None]).sum(axis=0)
        shift = np.einsum("pab,pb->pa", cov, projected)
        log_likelihood = -0.5 * ((white_offsets**2).sum(axis=0) - (projected * shift).sum(axis=1))
        log_likelihood = log_likelihood - 0.5 * np.log(det * prior_det)
        log_likelihood = log_likelihood - np.log(np.diag(cholesky)).sum() - 0.5 * n * np.log(2 * np.pi)
        logs.append(log_likelihood + prior.log_weights + log_weight)
        level_means.append(prior.level_mean + shift)
        level_covs.append(cov)
        whiteners.append(whitener)
    log = np.array(logs)
    top = log.max()
    weights = np.exp(log - top)
    log_evidence = float(top + np.log(weights.sum()))
    weights = weights / weights.sum()
    return Posterior(prior, x, y, weights, np.array(level_means), np.array(level_covs), tuple(whiteners), log_evidence)


def predict(posterior: Posterior, x: Floats, samples: int, kernel: Floats | None = None) -> Prediction:
    """The prediction at points `x` (M, D), a mixture of `samples` shapes and scales of the posterior. `kernel` is
    `kernel_to(posterior, x)`, where the caller has computed it."""
    from scipy.special import ndtr

    kernel = kernel_to(posterior, x) if kernel is None else kernel
    feasible, mean, expected_violation = (np.zeros(len(x)) for _ in range(3))
    for scale, indices, share in _resample(posterior.weights, samples):
        for start in range(0, len(x), BLOCK):
            block = slice(start, start + BLOCK)
            mu, sd = _normal(posterior, scale, indices, x[block], kernel[:, block])
            z = mu / sd
            violated = ndtr(z)
            feasible[block] += share @ (1 - violated)
            mean[block] += share @ mu
            expected_violation[block] += share @ (mu * violated + sd * np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi))
    return Prediction(feasible, mean, expected_violation)


def kernel_to(posterior: Posterior, x: Floats) -> Floats:
    """Correlation of r between the n judged points and `x` (M, D): (n, M). The same for all constraints judged at the same
    points."""
    return _matern52(posterior.x, x)


def _resample(weights: Floats, count: int) -> Iterator[tuple[int, NDArray[np.intp], Floats]]:
    """Systematic resampling (Kitagawa 1996) of `weights` (G, N): for each scale the shapes drawn and their shares."""
    ends = np.cumsum(weights)
    ticks = np.searchsorted(ends, (np.arange(count) + 0.5) / count * ends[-1])
    chosen, counts = np.unique(ticks, return_counts=True)
    for scale in range(len(weights)):
        mine = chosen // weights.shape[1] == scale
        if mine.any():
            yield scale, chosen[mine] % weights.shape[1], counts[mine] / count


def _normal(posterior: Posterior, scale: int, indices: NDArray[np.intp], x: Floats, kernel: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of v by each of P shapes at one scale: (P, M) each."""
    shapes, count, n = posterior.prior.shapes.take(indices), len(indices), len(posterior.y)
    step, basis = shapes.step(x), _basis(shapes, posterior.x)
    level, cov = posterior.level_means[scale, indices], posterior.level_covs[scale, indices]
    whitener, variance = posterior.whiteners[scale], SCALES[scale].residual ** 2
    explained = variance * (whitener @ kernel)
    residuals = whitener @ (posterior.y[None] - np.einsum("pna,pa->pn", basis, level)).T
    whitened = (whitener @ basis.transpose(1, 0, 2).reshape(n, 2 * count)).reshape(n, count, 2)
    mean = level[:, :1] + level[:, 1:] * step + residuals.T @ explained
    d_a, d_b = 1 - whitened[..., 0].T @ explained, step - whitened[..., 1].T @ explained
    c_aa, c_ab, c_bb = (cov[:, i, j, None] for i, j in ((0, 0), (0, 1), (1, 1)))
    own = np.maximum(variance - (explained**2).sum(axis=0), 0.0) + SCALES[scale].rough ** 2
    return mean, np.sqrt(own + d_a * (c_aa * d_a + 2 * c_ab * d_b) + c_bb * d_b**2)


def _basis(shapes: StepShapes, x: Floats) -> Floats:
    """(1, s): (N, M, 2)."""
    step = shapes.step(x)
    return np.stack([np.ones_like(step), step], axis=-1)


def _matern52(a: Floats, b: Floats) -> Floats:
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * (a @ b.T)
    distance = np.sqrt(5 * np.maximum(squared, 0.0)) / LENGTH_SCALE
    return np.asarray((1 + distance + distance**2 / 3) * np.exp(-distance))


def _gram(whitened: Floats) -> Floats:
    """Gram matrix of each shape's whitened basis, (n, N, 2) to (N, 2, 2)."""
    moved = whitened.transpose(1, 2, 0)
    return np.asarray(moved @ moved.transpose(0, 2, 1))


def _inverse_2x2(matrices: Floats) -> tuple[Floats, Floats]:
    """Inverses (N, 2, 2) and determinants (N,) of symmetric matrices (N, 2, 2)."""
    a, b, d = matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 1, 1]
    det = a * d - b * b
    return np.stack([d, -b, -b, a], axis=-1).reshape(-1, 2, 2) / det[:, None, None], det


def _cholesky(covariance: Floats) -> Floats:
    return np.asarray(np.linalg.cholesky(covariance) if len(covariance) else covariance, np.float64)


def _inverse_triangular(lower: Floats) -> Floats:
    from scipy.linalg import solve_triangular

    if not len(lower):
        return lower
    return np.asarray(solve_triangular(lower, np.eye(len(lower)), lower=True, check_finite=False))

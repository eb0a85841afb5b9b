"""Priors from earlier seeds of a study: where each constraint's step lay, how high it was, how rough the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from optimizer.search.judged_point import Judged
from optimizer.search.least_weight.fit import default_prior, fit_surrogates
from optimizer.search.least_weight.step_prior import SHAPE_COUNT, Floats, StepShapes
from optimizer.search.least_weight.surrogate import Posterior, Prior
from optimizer.search.space import Space

DEFAULT_SHARE: Final = 0.15
"""Share of shapes that stay as at a first seed: this seed may be like none of the earlier ones."""
BETWEEN_SEEDS_SD: Final = (0.06, 0.1, 0.3)
"""How much seeds differ in direction, place, and logarithm of the width (standard deviations)."""
LEVEL_BETWEEN_SEEDS_SD: Final = (0.07, 0.12)
"""How much seeds differ in (a, b), in units of the violation."""


def priors_from(
    space: Space, earlier: Sequence[Sequence[Judged]], *, require: Mapping[str, float] | None = None, seed: int = 0
) -> dict[str, Prior]:
    """One prior a constraint, from the finished trials of other seeds in the same space; a seed without trials adds nothing.

    `require` is each LoRA's violation where nothing of it shows. Without earlier trials: the priors of a first seed.
    """
    required = require or {}
    names = sorted({*space.weights, *(name for trials in earlier for j in trials for name in j.violations)})
    default = {name: default_prior(space, name, seed, required.get(name)) for name in names}
    fitted = [fit_surrogates(space, trials, default, seed) for trials in earlier if trials]
    rng = np.random.default_rng(seed)
    return {name: _pooled(default[name], [s[name] for s in fitted if len(s[name].y)], rng) for name in names}


def _pooled(default: Prior, seeds: Sequence[Posterior], rng: np.random.Generator) -> Prior:
    if not seeds:
        return default
    kept = int(DEFAULT_SHARE * SHAPE_COUNT)
    each = (SHAPE_COUNT - kept) // len(seeds)
    shapes = [default.shapes.take(np.arange(kept)).as_array()]
    shapes += [_perturbed(_sampled(s, each, rng), len(seeds), rng) for s in seeds]
    log_weights = [
        np.full(kept, math.log(DEFAULT_SHARE / kept)),
        *[np.full(each, math.log((1 - DEFAULT_SHARE) / each / len(seeds)))] * len(seeds),
    ]
    scales = np.mean([s.weights.sum(axis=1) for s in seeds], axis=0) * 0.9 + 0.1 / len(default.log_scale_weights)
    level_mean, level_cov = _pooled_level(seeds)
    return Prior(StepShapes.of_array(np.concatenate(shapes)), np.concatenate(log_weights), np.log(scales), level_mean, level_cov)


def _sampled(posterior: Posterior, count: int, rng: np.random.Generator) -> Floats:
    weights = posterior.weights.sum(axis=0)
    indices = rng.choice(len(weights), count, p=weights / weights.sum())
    return posterior.prior.shapes.take(indices).as_array()


def _perturbed(shapes: Floats, seeds: int, rng: np.random.Generator) -> Floats:
    """Shapes as another seed may have them; with more seeds less is added, since their own spread covers it."""
    sd = np.concatenate([np.full(shapes.shape[1] - 2, BETWEEN_SEEDS_SD[0]), BETWEEN_SEEDS_SD[1:]]) / math.sqrt(math.sqrt(seeds))
    return shapes + sd * rng.standard_normal(shapes.shape)


def _pooled_level(seeds: Sequence[Posterior]) -> tuple[Floats, Floats]:
    """Mean and covariance of (a, b) at another seed: within seeds plus between seeds."""
    means = np.array([np.einsum("gp,gpa->a", s.weights, s.level_means) for s in seeds])
    within = np.mean([_level_cov(s) for s in seeds], axis=0)
    mean = means.mean(axis=0)
    between = (means - mean).T @ (means - mean) / len(seeds)
    return mean, within + between + np.diag(np.square(LEVEL_BETWEEN_SEEDS_SD))


def _level_cov(posterior: Posterior) -> Floats:
    """Covariance of (a, b) under the mixture of shapes and scales."""
    offsets = posterior.level_means - np.einsum("gp,gpa->a", posterior.weights, posterior.level_means)
    second_moments = posterior.level_covs + offsets[..., None] * offsets[..., None, :]
    return np.asarray(np.einsum("gp,gpab->ab", posterior.weights, second_moments))

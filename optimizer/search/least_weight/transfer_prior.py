"""What earlier seeds of a study teach the next one: where each requirement's step lay, how high it was, how rough the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from optimizer.search.judged import Judged
from optimizer.search.least_weight.fit import believe, first_prior
from optimizer.search.least_weight.step_prior import GUESSES, Floats, Shapes
from optimizer.search.least_weight.surrogate import Posterior, Prior
from optimizer.search.space import Space

OPEN: Final = 0.15
"""Share of guesses that earlier seeds do not touch: this seed may be like none of them."""
APART: Final = (0.06, 0.1, 0.3)
"""How far seeds differ in direction, place, and logarithm of the width: their spread is added to what each seed taught."""
LEVELS_APART: Final = (0.07, 0.12)


def priors_from(
    space: Space, earlier: Sequence[Sequence[Judged]], *, require: Mapping[str, float] | None = None, seed: int = 0
) -> dict[str, Prior]:
    """One prior a requirement, from the finished trials of other seeds in the same space; seeds without trials say nothing.

    `require` tells each LoRA's margin where nothing of it shows. Without earlier trials: the priors of a first seed.
    """
    told = require or {}
    names = sorted({*space.weights, *(name for trials in earlier for j in trials for name in j.violations)})
    first = {name: first_prior(space, name, seed, told.get(name)) for name in names}
    learned = [believe(space, trials, first, seed) for trials in earlier if trials]
    rng = np.random.default_rng(seed)
    return {name: _pooled(first[name], [b[name] for b in learned if len(b[name].y)], rng) for name in names}


def _pooled(first: Prior, seeds: Sequence[Posterior], rng: np.random.Generator) -> Prior:
    if not seeds:
        return first
    kept = int(OPEN * GUESSES)
    each = (GUESSES - kept) // len(seeds)
    shapes = [first.shapes.take(np.arange(kept)).as_array()]
    shapes += [_moved(_drawn(s, each, rng), len(seeds), rng) for s in seeds]
    share = [np.full(kept, math.log(OPEN / kept)), *[np.full(each, math.log((1 - OPEN) / each / len(seeds)))] * len(seeds)]
    residual = np.mean([s.weights.sum(axis=1) for s in seeds], axis=0) * 0.9 + 0.1 / len(first.log_residual)
    level, spread = _levels(seeds)
    return Prior(Shapes.of_array(np.concatenate(shapes)), np.concatenate(share), np.log(residual), level, spread)


def _drawn(held: Posterior, count: int, rng: np.random.Generator) -> Floats:
    weights = held.weights.sum(axis=0)
    which = rng.choice(len(weights), count, p=weights / weights.sum())
    return held.prior.shapes.take(which).as_array()


def _moved(shapes: Floats, seeds: int, rng: np.random.Generator) -> Floats:
    """As other seeds may have it: the more seeds there are, the more their own spread says so itself."""
    sd = np.concatenate([np.full(shapes.shape[1] - 2, APART[0]), APART[1:]]) / math.sqrt(math.sqrt(seeds))
    return shapes + sd * rng.standard_normal(shapes.shape)


def _levels(seeds: Sequence[Posterior]) -> tuple[Floats, Floats]:
    """Mean and covariance of (a, b) at another seed: what each seed leaves open, and how they differ."""
    means = np.array([np.einsum("gp,gpa->a", s.weights, s.levels) for s in seeds])
    within = np.mean([_within(s) for s in seeds], axis=0)
    middle = means.mean(axis=0)
    between = (means - middle).T @ (means - middle) / len(seeds)
    return middle, within + between + np.diag(np.square(LEVELS_APART))


def _within(held: Posterior) -> Floats:
    off = held.levels - np.einsum("gp,gpa->a", held.weights, held.levels)
    return np.asarray(np.einsum("gp,gpab->ab", held.weights, held.spreads + off[..., None] * off[..., None, :]))

"""Fits one surrogate a constraint to the judged points of a seed."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from optimizer.search.judged_point import Judged
from optimizer.search.least_weight.candidates import as_shares, axes_of, row_of
from optimizer.search.least_weight.step_prior import Floats, expression_steps, load_steps
from optimizer.search.least_weight.surrogate import RESIDUAL_SD, Posterior, Prior, fit
from optimizer.search.space import Space

Priors = Mapping[str, Prior]
"""By constraint."""
VIOLATION_LIMIT: Final = 2.0
"""Violations are clipped to +- this: beyond it they carry no more information."""
UNMET_AT_ZERO: Final = (0.7, 0.3)
"""Mean and standard deviation of a LoRA's violation where nothing of it shows, if its requirement is not given."""


def fit_surrogates(space: Space, history: Sequence[Judged], priors: Priors, seed: int = 0) -> dict[str, Posterior]:
    """One posterior a constraint named in the history or the priors. Violations that are missing or no numbers are left out."""
    names = sorted({name for j in history for name in j.violations} | set(priors))
    surrogates = {}
    for name in names:
        scored = [j for j in history if math.isfinite(j.violations.get(name, math.nan))]
        y = np.array([j.violations[name] for j in scored])
        rows = np.array([row_of(space, j.point) for j in scored]).reshape(len(scored), len(axes_of(space)))
        prior = priors.get(name) or default_prior(space, name, seed)
        y = np.clip(_counts_as_continuous(name, space, y), -VIOLATION_LIMIT, VIOLATION_LIMIT)
        surrogates[name] = fit(prior, as_shares(space, rows), y)
    return surrogates


def default_prior(space: Space, name: str, seed: int = 0, require: float | None = None) -> Prior:
    """The prior of a first seed. For a searched LoRA: its expression is calibrated, so that the step gains about 1; `require`
    is the violation where nothing shows. For any other constraint: it gets worse with the total."""
    names, free = list(space.weights), len(space.free)
    shapes_seed = (seed + zlib.crc32(name.encode())) % 2**32
    if name in space.weights:
        mean, sd = (require, 0.07) if require is not None else UNMET_AT_ZERO
        shapes = expression_steps(names.index(name), len(names), free, shapes_seed)
        level_mean, level_cov = np.array([mean, -0.95]), np.diag([sd**2, 0.25**2])
    else:
        shapes = load_steps(len(names), free, shapes_seed)
        level_mean, level_cov = np.array([-0.3, 0.8]), np.diag([0.2**2, 0.35**2])
    uniform = np.full(len(shapes), -math.log(len(shapes)))
    return Prior(shapes, uniform, np.full(len(RESIDUAL_SD), -math.log(len(RESIDUAL_SD))), level_mean, level_cov)


def _counts_as_continuous(name: str, space: Space, y: Floats) -> Floats:
    """Violations that count faults (0 is none) move down by half a fault: the constraint breaks between none and one."""
    counts = name not in space.weights and len(y) > 0 and bool(np.all((y == np.round(y)) & (y >= 0)))
    return y - 0.5 if counts else y

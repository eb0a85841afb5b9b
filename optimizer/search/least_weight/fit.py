"""What is believed of each requirement: before anything is seen, after some trials, and at the next seed of the same study."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from optimizer.search.judged import Judged
from optimizer.search.least_weight.candidates import axes_of, row_of, shares
from optimizer.search.least_weight.step_prior import Floats, rising, worsening
from optimizer.search.least_weight.surrogate import RESIDUALS, Posterior, Prior, learn
from optimizer.search.space import Space

Priors = Mapping[str, Prior]
FAR: Final = 2.0
"""Margins beyond this say no more than this."""
UNMET_BELOW: Final = (0.7, 0.3)
"""Mean and standard deviation of a LoRA's margin where nothing of it shows: its requirement, if that is not told."""


def believe(space: Space, history: Sequence[Judged], priors: Priors, seed: int = 0) -> dict[str, Posterior]:
    """One posterior a requirement named in the history or the priors. Margins that are missing or not numbers are left out."""
    names = sorted({name for j in history for name in j.violations} | set(priors))
    found = {}
    for name in names:
        told = [j for j in history if math.isfinite(j.violations.get(name, math.nan))]
        y = np.array([j.violations[name] for j in told])
        rows = np.array([row_of(space, j.point) for j in told]).reshape(len(told), len(axes_of(space)))
        prior = priors.get(name) or first_prior(space, name, seed)
        found[name] = learn(prior, shares(space, rows), np.clip(_continuous(name, space, y), -FAR, FAR))
    return found


def first_prior(space: Space, name: str, seed: int = 0, require: float | None = None) -> Prior:
    """For a LoRA that is searched, its expression: calibrated, so that about 1 is gained over the step. `require` is the margin
    where nothing shows. For anything else, what gets worse with the total."""
    names, free = list(space.weights), len(space.free)
    at = (seed + zlib.crc32(name.encode())) % 2**32
    if name in space.weights:
        mean, sd = (require, 0.07) if require is not None else UNMET_BELOW
        shapes = rising(names.index(name), len(names), free, at)
        level, spread = np.array([mean, -0.95]), np.diag([sd**2, 0.25**2])
    else:
        shapes = worsening(len(names), free, at)
        level, spread = np.array([-0.3, 0.8]), np.diag([0.2**2, 0.35**2])
    even = np.full(len(shapes), -math.log(len(shapes)))
    return Prior(shapes, even, np.full(len(RESIDUALS), -math.log(len(RESIDUALS))), level, spread)


def _continuous(name: str, space: Space, y: Floats) -> Floats:
    """Margins that count faults (0 is none) lie half a fault below: between none and one is where the requirement breaks."""
    counts = name not in space.weights and len(y) > 0 and bool(np.all((y == np.round(y)) & (y >= 0)))
    return y - 0.5 if counts else y

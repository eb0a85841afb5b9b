"""Fits one surrogate a constraint to the judged points of a seed."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from optimizer.search.judged_point import Judged, best, nearest
from optimizer.search.least_weight.candidates import as_shares, axes_of, row_of
from optimizer.search.least_weight.file_axes import with_files
from optimizer.search.least_weight.schedule_axes import with_schedules
from optimizer.search.least_weight.step_prior import Floats, expression_steps, load_steps
from optimizer.search.least_weight.surrogate import SCALES, Posterior, Prior, fit
from optimizer.search.space import Space

Priors = Mapping[str, Prior]
Surrogates = Mapping[str, Posterior]
"""Both by constraint."""
Noise = Mapping[str, float]
"""Standard deviation of each constraint's value as measured, in its units; 0 for one that is not named."""
MAX_IMAGES: Final = 100
"""Images that surrogates are fitted to, those nearest to the best point (a subset of data, Rasmussen and Williams 2006, section
8.3.1): time and memory grow with the square of it."""
VIOLATION_LIMIT: Final = 2.0
"""Violations are clipped to +- this: beyond it they carry no more information."""
UNMET_AT_ZERO: Final = (0.7, 0.3)
"""Mean and standard deviation of a LoRA's violation where nothing of it shows, if its requirement is not given."""


def fit_surrogates(
    space: Space, history: Sequence[Judged], priors: Priors, seed: int = 0, noise: Noise | None = None
) -> dict[str, Posterior]:
    """One posterior a constraint named in the history or the priors. Violations that are missing or no numbers are left out.

    A point that was checked for robustness counts with each of its images, where each was drawn.
    """
    names = sorted({name for j in history for name in j.violations} | set(priors))
    images = _most_telling(space, [image for j in history for image in (j.images or (j,))], best(history))
    surrogates = {}
    for name in names:
        scored = [j for j in images if math.isfinite(j.violations.get(name, math.nan))]
        y = np.array([j.violations[name] for j in scored])
        rows = np.array([row_of(space, j.point) for j in scored]).reshape(len(scored), len(axes_of(space)))
        prior = priors.get(name) or default_prior(space, name, seed)
        y = np.clip(_counts_as_continuous(name, space, y), -VIOLATION_LIMIT, VIOLATION_LIMIT)
        surrogates[name] = fit(prior, as_shares(space, rows), y, (noise or {}).get(name, 0.0))
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
    shapes = with_schedules(space, name, with_files(space, name, shapes))
    uniform = np.full(len(shapes), -math.log(len(shapes)))
    return Prior(shapes, uniform, np.full(len(SCALES), -math.log(len(SCALES))), level_mean, level_cov)


def _most_telling(space: Space, images: list[Judged], found: Judged | None) -> list[Judged]:
    """All images if they are at most MAX_IMAGES; else those nearest to the best point, in their order."""
    if len(images) <= MAX_IMAGES:
        return images
    rows = as_shares(space, np.array([row_of(space, j.point) for j in images]))
    centre = as_shares(space, row_of(space, (found or nearest(images)).point)[None])
    kept = np.argsort(((rows - centre) ** 2).sum(axis=1), kind="stable")[:MAX_IMAGES]
    return [images[i] for i in sorted(kept)]


def _counts_as_continuous(name: str, space: Space, y: Floats) -> Floats:
    """Violations that count faults (0 is none) move down by half a fault: the constraint breaks between none and one."""
    counts = name not in space.weights and len(y) > 0 and bool(np.all((y == np.round(y)) & (y >= 0)))
    return y - 0.5 if counts else y


@dataclass
class LastFit:
    """The surrogates that were asked for last: a batch, a proof and a prediction ask for the same ones again."""

    asked: tuple[Space, int, list[Judged]] | None = None
    surrogates: Surrogates = field(default_factory=dict)
    priors: dict[str, Prior] = field(default_factory=dict)
    """Those of a first seed, for constraints that have no other."""

    def fit(self, space: Space, history: Sequence[Judged], priors: Priors, seed: int, noise: Noise | None = None) -> Surrogates:
        """As `fit_surrogates`. `priors` and `noise` are the same at every call."""
        asked = space, seed, [*history]
        if self.asked is None or self.asked[:2] != asked[:2]:
            self.priors = {}
        if self.asked != asked:
            for name in {name for j in history for name in j.violations} - {*priors, *self.priors}:
                self.priors[name] = default_prior(space, name, seed)
            self.surrogates = fit_surrogates(space, history, {**self.priors, **priors}, seed, noise)
            self.asked = asked
        return self.surrogates

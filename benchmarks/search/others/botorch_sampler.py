"""BoTorch as a yardstick: log expected improvement with the known cost, one Gaussian process a constraint.

It needs the extra `benchmarks`. Gardner et al. 2014, in logarithms as Ament et al. 2023: the logarithm of what is saved plus
that of the probability of every constraint, over all points of the grid.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.raised import raised
from models.errors import InputError
from optimizer.point import Point
from optimizer.search.judged_point import Judged, best
from optimizer.search.least_weight.candidates import as_shares, candidates, max_cost, row_of
from optimizer.search.space import Space

CLIP = 2.0
"""Violations count as at most this much."""
ITERATIONS = 60
"""Of the fit."""
BLOCK = 500
"""Points that are predicted at once: it holds their whole covariance."""


@dataclass(frozen=True)
class BotorchSampler:
    """`min_saving` is the expected saving of cost under which it ends."""

    seed: int
    min_saving: float
    design: ClassVar[tuple[float, ...]] = ()

    def propose(self, space: Space, history: Sequence[Judged]) -> Point | None:
        from scipy.special import log_ndtr

        if len(history) == 1:
            return raised(space, history[0])
        found = best(history)
        limit = found.cost if found else max_cost(space) + 1e-6
        options = candidates(space, [], self.seed)
        drawn = {row_of(space, j.point).round(6).tobytes() for j in history}
        new = np.array([row.tobytes() not in drawn for row in options.values.round(6)])
        options = options.take(new & (options.cost < limit - 1e-9))
        x = as_shares(space, np.array([row_of(space, j.point) for j in history]))
        y = np.array([list(j.violations.values()) for j in history])
        learned = [k for k in range(y.shape[1]) if np.ptp(y[:, k]) > 1e-9 or y[0, k] > 0]
        if not len(options.cost) or not learned:
            return None
        mean, sd = _predicted(x, np.clip(y[:, learned], -CLIP, CLIP), as_shares(space, options.values), self.seed)
        value = log_ndtr(-mean / np.maximum(sd, 1e-9)).sum(axis=1) + np.log(limit - options.cost)
        chosen = int(np.argmax(value))
        if found is not None and np.exp(value[chosen]) < self.min_saving:
            return None
        return options.point(space, chosen)


def _predicted(x: Any, y: Any, at: Any, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        import botorch  # noqa: F401
    except ImportError as error:
        raise InputError("BoTorch is not installed", "benchmarks", "pip install 'huanhua[benchmarks]'") from error
    import torch
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Standardize
    from gpytorch.mlls import ExactMarginalLogLikelihood

    torch.manual_seed(seed)
    inputs, values = torch.tensor(x, dtype=torch.double), torch.tensor(y, dtype=torch.double)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = SingleTaskGP(inputs, values, torch.full_like(values, 1e-4), outcome_transform=Standardize(values.shape[1]))
        likelihood = ExactMarginalLogLikelihood(model.likelihood, model)
        fit_gpytorch_mll(likelihood, optimizer_kwargs={"options": {"maxiter": ITERATIONS}})
        mean, sd = np.zeros((2, len(at), values.shape[1]))
        for start in range(0, len(at), BLOCK):
            block = slice(start, start + BLOCK)
            with torch.no_grad():
                posterior = model.posterior(torch.tensor(at[block], dtype=torch.double))
            mean[block] = posterior.mean.numpy().reshape(-1, values.shape[1])
            sd[block] = posterior.variance.sqrt().numpy().reshape(-1, values.shape[1])
    return mean, sd

"""Constrained expected improvement with a known objective (Gardner et al. 2014).

Among all points of the grid that were not drawn: the largest saving of cost times the probability that every constraint is met.
While nothing is feasible the saving counts from the costliest point; where no probability is worth mentioning, the point with
the least expected violation is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best, nearest
from optimizer.search.least_weight.candidates import Candidates, as_shares, candidates, max_cost, row_of
from optimizer.search.least_weight.fit import Priors, fit_surrogates
from optimizer.search.least_weight.step_prior import Floats
from optimizer.search.least_weight.surrogate import Posterior, Prediction, kernel_to, predict
from optimizer.search.space import Space

MIN_PROBABILITY: Final = 1e-3
"""If no candidate is feasible with this probability, the expected violation decides."""
COARSE_SAMPLES: Final = 24
FINE_SAMPLES: Final = 128
SHORT_LIST: Final = 100
"""All candidates are predicted with COARSE_SAMPLES of the posterior, the SHORT_LIST most promising ones with FINE_SAMPLES."""


@dataclass(frozen=True)
class Choice:
    """`feasible` is the probability that the point meets every constraint, `saving` the expected improvement, in units of cost,
    of the best candidate; `predicted` the expected violations at the point.

    While nothing is feasible, `saving` counts from the costliest point of the grid.
    """

    point: Point
    feasible: float
    saving: float
    predicted: Mapping[str, float]


def choose(space: Space, history: Sequence[Judged], priors: Priors, *, seed: int = 0) -> Choice | None:
    """The point with the largest acquisition; None if no point is left that could be better. Deterministic for equal
    arguments."""
    found = best(history)
    around = [found] if found else [nearest(history)] if history else []
    options = candidates(space, [j.point for j in around], seed + len(history))
    limit = found.cost if found else max_cost(space)
    eligible = _not_drawn(space, history, options) & ((options.cost < limit - 1e-9) if found else True)
    if not eligible.any():
        return None
    options = options.take(eligible)
    surrogates = fit_surrogates(space, history, priors, seed)
    options = options.take(_most_promising(_predict_all(space, surrogates, options, COARSE_SAMPLES), limit - options.cost))
    predictions = _predict_all(space, surrogates, options, FINE_SAMPLES)
    saved = limit - options.cost
    chosen = _most_promising(predictions, saved)[0]
    feasible = _all_feasible(predictions, saved)
    predicted = {name: float(p.mean[chosen]) for name, p in predictions.items()}
    return Choice(options.point(space, chosen), float(feasible[chosen]), float(np.max(feasible * saved)), predicted)


def predict_points(
    space: Space, history: Sequence[Judged], points: Sequence[Point], priors: Priors, *, seed: int = 0
) -> list[Judged]:
    """Points as if each had come out at its expected violations, given the history."""
    if not points:
        return []
    surrogates = fit_surrogates(space, history, priors, seed)
    x = as_shares(space, np.array([row_of(space, p) for p in points]))
    means = {name: predict(surrogate, x, FINE_SAMPLES).mean for name, surrogate in surrogates.items()}
    return [Judged(p, space.cost(p), {name: float(m[i]) for name, m in means.items()}) for i, p in enumerate(points)]


def _predict_all(space: Space, surrogates: Mapping[str, Posterior], options: Candidates, samples: int) -> dict[str, Prediction]:
    x = as_shares(space, options.values)
    kernels: dict[bytes, Floats] = {}
    predictions = {}
    for name, surrogate in surrogates.items():
        judged_at = surrogate.x.tobytes()
        if judged_at not in kernels:
            kernels[judged_at] = kernel_to(surrogate, x)
        predictions[name] = predict(surrogate, x, samples, kernels[judged_at])
    return predictions


def _most_promising(predictions: Mapping[str, Prediction], saved: Floats) -> NDArray[np.intp]:
    """Indices of the SHORT_LIST candidates with the largest acquisition, the best first."""
    feasible = _all_feasible(predictions, saved)
    acquisition = feasible * saved
    if feasible.max() < MIN_PROBABILITY:
        acquisition = -np.sum([p.expected_violation for p in predictions.values()], axis=0)
    return np.argsort(-acquisition, kind="stable")[:SHORT_LIST]


def _all_feasible(predictions: Mapping[str, Prediction], like: Floats) -> Floats:
    """Probability that every constraint is met, in the shape of `like`; constraints count as independent."""
    probability = np.ones_like(like)
    for p in predictions.values():
        probability *= p.feasible
    return probability


def _not_drawn(space: Space, history: Sequence[Judged], options: Candidates) -> NDArray[np.bool_]:
    drawn = {np.round(row_of(space, j.point) + 0.0, 6).tobytes() for j in history}
    return np.array([row.tobytes() not in drawn for row in np.round(options.values + 0.0, 6)])

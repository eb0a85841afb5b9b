"""Constrained expected improvement with a known objective (Gardner et al. 2014).

Among all points of the grid that were not drawn: the largest saving of cost times the probability that every constraint is met.
Where a pick must be robust, the probability is that of its lower neighbour for the expression of LoRAs, and of its higher one for
all that a total spoils. While nothing is feasible the saving counts from the costliest point, and with each miss from further
above: finding anything comes before finding it cheap. Where no probability is worth mentioning, the point with the least expected
violation is chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best, nearest
from optimizer.search.least_weight.candidates import (
    Candidates,
    as_shares,
    candidates,
    is_enumerated,
    max_cost,
    merged,
    row_of,
    rows_near,
)
from optimizer.search.least_weight.fit import Surrogates
from optimizer.search.least_weight.step_prior import Floats
from optimizer.search.least_weight.surrogate import Prediction, kernel_to, predict
from optimizer.search.space import Space

MIN_PROBABILITY: Final = 1e-3
"""If no candidate is feasible with this probability, the expected violation decides."""
COARSE_SAMPLES: Final = 24
FINE_SAMPLES: Final = 128
SHORT_LIST: Final = 100
"""All candidates are predicted with COARSE_SAMPLES of the posterior, the SHORT_LIST most promising ones with FINE_SAMPLES."""
UNTIL_COST_FADES: Final = 3
"""Images without a feasible one after which, with as many more, cost counts half as much."""
CLIMBS, CLIMBERS = 12, 6
"""Where the grid is too large to list: rounds of looking around the best candidates, and how many those are."""


@dataclass(frozen=True)
class Choice:
    """`feasible` is the probability that the point meets every constraint, `saving` the expected improvement, in units of cost,
    of the best candidate; `expected_feasible` how many candidates are expected to meet all, at least the probability that any
    does.

    While nothing is feasible, `saving` counts from above the costliest point of the grid.
    """

    point: Point
    feasible: float
    saving: float
    expected_feasible: float


def choose(space: Space, history: Sequence[Judged], surrogates: Surrogates, *, seed: int = 0, off: float = 0.0) -> Choice | None:
    """The point with the largest acquisition; None if no point is left that could be better. Deterministic for equal
    arguments. `off` is how far the pick must hold from its weights."""
    found = best(history)
    around = [found] if found else [nearest(history)] if history else []
    options = candidates(space, [j.point for j in around], seed + len(history))
    limit = found.cost if found else _limit_before_any(space, len(history))
    drawn = _keys([row_of(space, j.point) for j in history])
    options = _eligible(options, drawn, limit)
    if not len(options.cost):
        return None
    coarse = _predict_all(space, surrogates, options.values, COARSE_SAMPLES, off)
    if not is_enumerated(space):
        options, coarse = _climbed(space, surrogates, options, coarse, _Limits(limit, drawn, off, seed))
    expected = float(_all_feasible(coarse, options.cost).sum())
    options = options.take(_most_promising(coarse, limit - options.cost))
    predictions = _predict_all(space, surrogates, options.values, FINE_SAMPLES, off)
    saved = limit - options.cost
    chosen = _most_promising(predictions, saved)[0]
    feasible = _all_feasible(predictions, saved)
    return Choice(options.point(space, chosen), float(feasible[chosen]), float(np.max(feasible * saved)), expected)


def predict_points(space: Space, points: Sequence[Point], surrogates: Surrogates) -> list[Judged]:
    """Points as if each had come out at its expected violations."""
    if not points:
        return []
    x = as_shares(space, np.array([row_of(space, p) for p in points]))
    means = {name: predict(surrogate, x, FINE_SAMPLES).mean for name, surrogate in surrogates.items()}
    return [Judged(p, space.cost(p), {name: float(m[i]) for name, m in means.items()}) for i, p in enumerate(points)]


def probabilities(space: Space, points: Sequence[Point], surrogates: Surrogates, off: float = 0.0) -> Floats:
    """That each point meets every constraint: (M,)."""
    values = np.array([row_of(space, p) for p in points])
    return _all_feasible(_predict_all(space, surrogates, values, FINE_SAMPLES, off), np.ones(len(points)))


def _limit_before_any(space: Space, drawn: int) -> float:
    """The cost from which savings count while nothing is feasible."""
    return max_cost(space) * (1 + max(0, drawn - UNTIL_COST_FADES) / UNTIL_COST_FADES)


@dataclass(frozen=True)
class _Limits:
    """What holds for all candidates of one choice."""

    cost: float
    drawn: frozenset[bytes]
    off: float
    seed: int


def _climbed(
    space: Space, surrogates: Surrogates, options: Candidates, coarse: dict[str, Prediction], limits: _Limits
) -> tuple[Candidates, dict[str, Prediction]]:
    """The candidates, and those around the best of them, as far as that leads uphill."""
    rng, top = np.random.default_rng(limits.seed), -np.inf
    for _ in range(CLIMBS):
        saved = limits.cost - options.cost
        order = _most_promising(coarse, saved)[:CLIMBERS]
        value = float(_acquisition(coarse, saved)[order[0]])
        if value <= top:
            break
        top = value
        around = np.concatenate([rows_near(space, options.values[k], rng) for k in order])
        known = limits.drawn | _keys(options.values)
        new = _eligible(Candidates.of(space, np.unique(around, axis=0)), known, limits.cost)
        if not len(new.cost):
            break
        found = _predict_all(space, surrogates, new.values, COARSE_SAMPLES, limits.off)
        options = merged(options, new)
        coarse = {name: prediction.joined(found[name]) for name, prediction in coarse.items()}
    return options, coarse


def _eligible(options: Candidates, drawn: frozenset[bytes], limit: float) -> Candidates:
    new = np.array([row.tobytes() not in drawn for row in np.round(options.values + 0.0, 6)], dtype=bool)
    return options.take(new & (options.cost < limit - 1e-9))


def _keys(rows: Sequence[Floats] | Floats) -> frozenset[bytes]:
    return frozenset(np.round(row + 0.0, 6).tobytes() for row in rows)


def _predict_all(space: Space, surrogates: Surrogates, values: Floats, samples: int, off: float) -> dict[str, Prediction]:
    """Each constraint where it is most at risk within `off` of the weights: expression below them, what a total spoils above."""
    places = {side: as_shares(space, _shifted(space, values, side * off)) for side in ((-1, 1) if off else (0,))}
    kernels: dict[tuple[bytes, int], Floats] = {}
    predictions = {}
    for name, surrogate in surrogates.items():
        side = 0 if not off else -1 if name in space.weights else 1
        key = surrogate.x.tobytes(), side
        if key not in kernels:
            kernels[key] = kernel_to(surrogate, places[side])
        predictions[name] = predict(surrogate, places[side], samples, kernels[key])
    return predictions


def _shifted(space: Space, values: Floats, by: float) -> Floats:
    count = len(space.weights)
    weights = values[:, :count]
    moved = np.where(weights > 0, np.maximum(weights + by, 0.0), weights)
    return np.concatenate([moved, values[:, count:]], axis=1)


def _most_promising(predictions: Mapping[str, Prediction], saved: Floats) -> NDArray[np.intp]:
    """Indices of the SHORT_LIST candidates with the largest acquisition, the best first."""
    return np.argsort(-_acquisition(predictions, saved), kind="stable")[:SHORT_LIST]


def _acquisition(predictions: Mapping[str, Prediction], saved: Floats) -> Floats:
    feasible = _all_feasible(predictions, saved)
    if feasible.max() < MIN_PROBABILITY:
        return np.asarray(-np.sum([p.expected_violation for p in predictions.values()], axis=0))
    return np.asarray(feasible * saved)


def _all_feasible(predictions: Mapping[str, Prediction], like: Floats) -> Floats:
    """Probability that every constraint is met, in the shape of `like`; constraints count as independent."""
    probability = np.ones_like(like)
    for p in predictions.values():
        probability *= p.feasible
    return probability

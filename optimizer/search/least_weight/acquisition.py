"""The next point of a least-weight search: the cost is known, the requirements are learned.

Among all points of the grid that were not drawn: the largest improvement in cost times the chance that every requirement is met
(constrained expected improvement, Gardner et al. 2014, with a known objective). While nothing is feasible, improvement is counted
from the costliest point; where that says nothing, the point that is expected to come nearest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.point import Point
from optimizer.search.judged import Judged, best, nearest
from optimizer.search.least_weight.candidates import Candidates, axes_of, candidates, cost_of, row_of, shares
from optimizer.search.least_weight.fit import Priors, believe
from optimizer.search.least_weight.step_prior import Floats
from optimizer.search.least_weight.surrogate import Posterior, Predicted, likeness, predict
from optimizer.search.space import Space

HOPELESS: Final = 1e-3
"""Below this chance of meeting all, the point nearest to it is drawn."""
GLANCE: Final = 24
GAZE: Final = 128
SHORT_LIST: Final = 100
"""All points are looked at with few guesses each, and those on the short list with more."""


WORTH: Final = 0.001
"""An image that is expected to save less weight than this is not drawn."""
CHANCE_WORTH: Final = 0.001
PATIENCE: Final = 15
"""While nothing is feasible and so many images are drawn: one whose chance to be so is less than CHANCE_WORTH is not."""


@dataclass(frozen=True)
class LeastWeight:
    """The search's sampler. `priors` are of a first seed, or of one that learns from others
    (optimizer.search.least_weight.transfer_prior)."""

    priors: Priors
    seed: int = 0
    worth: float = WORTH
    patience: int = PATIENCE

    def propose(self, space: Space, history: Sequence[Judged]) -> Point | None:
        choice = choose(space, history, self.priors, seed=self.seed)
        if choice is None:
            return None
        if best(history):
            return choice.point if choice.saving >= self.worth else None
        return choice.point if len(history) < self.patience or choice.chance >= CHANCE_WORTH else None


@dataclass(frozen=True)
class Choice:
    """`chance` that the point meets all requirements; `saving` of cost expected from drawing it, over the best so far.

    While nothing is feasible, `saving` counts from the costliest point of the grid. `believed` are the margins expected there.
    """

    point: Point
    chance: float
    saving: float
    believed: Mapping[str, float]


def choose(space: Space, history: Sequence[Judged], priors: Priors, *, seed: int = 0) -> Choice | None:
    """None if no point is left that could be better. Deterministic for equal arguments."""
    found = best(history)
    known = [found] if found else [nearest(history)] if history else []
    options = candidates(space, [j.point for j in known], seed + len(history))
    limit = found.cost if found else _dearest(space)
    open_ = _untried(space, history, options) & ((options.cost < limit - 1e-9) if found else True)
    if not open_.any():
        return None
    options = options.take(open_)
    beliefs = believe(space, history, priors, seed)
    options = options.take(_promising(_foreseen(space, beliefs, options, GLANCE), limit - options.cost))
    predicted = _foreseen(space, beliefs, options, GAZE)
    saved = limit - options.cost
    chosen = _promising(predicted, saved)[0]
    chance = _together(predicted, saved)
    believed = {name: float(p.mean[chosen]) for name, p in predicted.items()}
    return Choice(options.point(space, chosen), float(chance[chosen]), float(np.max(chance * saved)), believed)


def _foreseen(space: Space, beliefs: Mapping[str, Posterior], options: Candidates, guesses: int) -> dict[str, Predicted]:
    at = shares(space, options.values)
    alike: dict[bytes, Floats] = {}
    found = {}
    for name, belief in beliefs.items():
        seen = belief.x.tobytes()
        if seen not in alike:
            alike[seen] = likeness(belief, at)
        found[name] = predict(belief, at, guesses, alike[seen])
    return found


def _promising(predicted: Mapping[str, Predicted], saved: Floats) -> NDArray[np.intp]:
    """The SHORT_LIST most worth drawing, the best first."""
    chance = _together(predicted, saved)
    worth = chance * saved
    if chance.max() < HOPELESS:
        worth = -np.sum([p.unmet for p in predicted.values()], axis=0)
    return np.argsort(-worth, kind="stable")[:SHORT_LIST]


def _together(predicted: Mapping[str, Predicted], like: Floats) -> Floats:
    chance = np.ones_like(like)
    for p in predicted.values():
        chance *= p.chance
    return chance


def choose_batch(space: Space, history: Sequence[Judged], priors: Priors, count: int, *, seed: int = 0) -> list[Choice]:
    """Up to `count` points to draw at once: each is chosen as if those before it had come out as expected (kriging believer,
    Ginsbourger et al. 2010)."""
    believed, found = list(history), list[Choice]()
    while len(found) < count:
        choice = choose(space, believed, priors, seed=seed)
        if choice is None:
            break
        found.append(choice)
        believed.append(Judged(choice.point, space.cost(choice.point), choice.believed))
    return found


def expected(space: Space, history: Sequence[Judged], points: Sequence[Point], priors: Priors, *, seed: int = 0) -> list[Judged]:
    """Points that are being drawn, as if they had come out as expected."""
    if not points:
        return []
    beliefs = believe(space, history, priors, seed)
    at = shares(space, np.array([row_of(space, p) for p in points]))
    mean = {name: predict(belief, at, GAZE).mean for name, belief in beliefs.items()}
    return [Judged(p, space.cost(p), {name: float(m[i]) for name, m in mean.items()}) for i, p in enumerate(points)]


def _untried(space: Space, history: Sequence[Judged], options: Candidates) -> NDArray[np.bool_]:
    drawn = {np.round(row_of(space, j.point) + 0.0, 6).tobytes() for j in history}
    return np.array([row.tobytes() not in drawn for row in np.round(options.values + 0.0, 6)])


def _dearest(space: Space) -> float:
    ends = [[a.low, a.high] for a in axes_of(space)]
    corners = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, len(ends))
    return float(cost_of(space, corners).max())

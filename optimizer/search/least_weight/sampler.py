"""The least-weight sampler: draws where the acquisition is largest, and ends where no image is worth drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

import numpy as np

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best
from optimizer.search.least_weight.acquisition import Choice, choose, predict_points, probabilities
from optimizer.search.least_weight.fit import LastFit, Noise, Priors, Surrogates
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.samplers.base import Forecast, SamplerSettings
from optimizer.search.space import Space

SAVING_PER_STEP: Final = 0.2
"""The least expected saving for which an image is drawn, in steps of the finest weight: 0.01 at a step of 0.05."""
EXPECTED_FEASIBLE_TO_GO_ON: Final = 0.05
"""While nothing is feasible: the least number of points that are expected to be. It is at least the probability that any is."""


@dataclass
class LastChoice:
    """The choice that was made last: a forecast and a proposal ask for the same one."""

    asked: tuple[Space, list[Judged]] | None = None
    choice: Choice | None = None


@dataclass(frozen=True)
class LeastWeight:
    """Constrained expected improvement. `priors` are those of a first seed, or of one that learns from others
    (optimizer.search.least_weight.transfer_prior)."""

    priors: Priors
    seed: int = 0
    min_saving: float = 0.01
    """Units of cost: an image that is expected to save less is not drawn."""
    robustness: float = 0.0
    """How far from its weights the pick must hold, in units of weight."""
    noise: Noise = field(default_factory=dict)
    endless: bool = False
    """Whether it goes on while a point is left, whatever it expects."""
    design: ClassVar[tuple[float, ...]] = ()
    _last: LastFit = field(default_factory=LastFit, compare=False, repr=False)
    _chosen: LastChoice = field(default_factory=LastChoice, compare=False, repr=False)

    def propose(self, space: Space, history: Sequence[Judged]) -> Point | None:
        choice = self._choice(space, history)
        if choice is None:
            return None
        if best(history):
            worth_it = choice.saving >= self.min_saving
        else:
            worth_it = choice.expected_feasible >= EXPECTED_FEASIBLE_TO_GO_ON or len(history) <= len(space.weights)
        return choice.point if worth_it or self.endless else None

    def forecast(self, space: Space, history: Sequence[Judged]) -> Forecast | None:
        """Of the point that would be proposed, and the largest saving that is expected of any."""
        choice = self._choice(space, history)
        return None if choice is None else Forecast(choice.feasible, choice.saving if best(history) else None)

    def predict(self, space: Space, history: Sequence[Judged], points: Sequence[Point]) -> list[Judged]:
        """`points` at their expected violations, given the history."""
        return predict_points(space, points, self._surrogates(space, history))

    def order(self, space: Space, history: Sequence[Judged], points: Sequence[Point]) -> list[Point]:
        """Those that save most in expectation first."""
        found = best(history)
        limit = found.cost if found else 0.0
        saved = np.array([limit - space.cost(p) for p in points])
        expected = saved * probabilities(space, points, self._surrogates(space, history), self.robustness)
        return [points[i] for i in np.argsort(-expected, kind="stable")]

    def _choice(self, space: Space, history: Sequence[Judged]) -> Choice | None:
        asked = space, [*history]
        if self._chosen.asked != asked:
            surrogates = self._surrogates(space, history)
            self._chosen.choice = choose(space, history, surrogates, seed=self.seed, off=self.robustness)
            self._chosen.asked = asked
        return self._chosen.choice

    def _surrogates(self, space: Space, history: Sequence[Judged]) -> Surrogates:
        return self._last.fit(space, history, self.priors, self.seed, self.noise)


def least_saving(space: Space) -> float:
    """`min_saving` where none is given."""
    return SAVING_PER_STEP * min(axis.step for axis in space.weights.values())


def make(settings: SamplerSettings) -> LeastWeight:
    """For the registry."""
    priors = priors_from(settings.space, settings.earlier(), require=settings.require, seed=settings.seed)
    min_saving = least_saving(settings.space) if settings.min_saving is None else settings.min_saving
    return LeastWeight(priors, settings.seed, min_saving, settings.robustness, settings.noise)

"""The least-weight sampler: draws where the acquisition is largest, and ends where no image is worth drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best
from optimizer.search.least_weight.acquisition import choose, predict_points
from optimizer.search.least_weight.fit import Priors
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.samplers.base import SamplerSettings
from optimizer.search.space import Space

MIN_SAVING: Final = 0.001
MIN_PROBABILITY_TO_GO_ON: Final = 0.001
INFEASIBLE_IMAGES: Final = 15


@dataclass(frozen=True)
class LeastWeight:
    """Constrained expected improvement. `priors` are those of a first seed, or of one that learns from others
    (optimizer.search.least_weight.transfer_prior)."""

    priors: Priors
    seed: int = 0
    min_saving: float = MIN_SAVING
    """Units of cost: an image that is expected to save less is not drawn."""
    infeasible_images: int = INFEASIBLE_IMAGES
    """After so many images without a feasible one, one that is feasible with less than MIN_PROBABILITY_TO_GO_ON is not drawn."""
    design: ClassVar[tuple[float, ...]] = ()

    def propose(self, space: Space, history: Sequence[Judged]) -> Point | None:
        choice = choose(space, history, self.priors, seed=self.seed)
        if choice is None:
            return None
        if best(history):
            return choice.point if choice.saving >= self.min_saving else None
        goes_on = len(history) < self.infeasible_images or choice.feasible >= MIN_PROBABILITY_TO_GO_ON
        return choice.point if goes_on else None

    def predict(self, space: Space, history: Sequence[Judged], points: Sequence[Point]) -> list[Judged]:
        """`points` at their expected violations, given the history."""
        return predict_points(space, history, points, self.priors, seed=self.seed)


def make(settings: SamplerSettings) -> LeastWeight:
    """For the registry."""
    priors = priors_from(settings.space, settings.earlier(), require=settings.require, seed=settings.seed)
    return LeastWeight(priors, settings.seed, settings.min_saving)

"""From stored observations to what the search reads: nothing here draws, so changed requirements judge old images again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from optimizer.evaluate.base import Evaluation
from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.space import Space
from scorers.observe.observation import Observation
from scorers.score.base import Limit
from scorers.score.calibration import Calibration
from scorers.score.constraints import Constraint
from scorers.score.judge import ImageJudge
from scorers.score.scores import Scores


@dataclass(frozen=True)
class Judge:
    """The judge of one seed's images, and the search space whose costs it adds."""

    images: ImageJudge
    space: Space

    @property
    def require(self) -> Mapping[str, float]:
        """The least expression of each LoRA."""
        return self.images.requirements.expression

    @property
    def calibrations(self) -> Mapping[str, Calibration]:
        return self.images.calibrations

    @property
    def limits(self) -> tuple[Limit, ...]:
        return self.images.limits

    @property
    def unmeasurable(self) -> tuple[str, ...]:
        """Required LoRAs of which nothing alone or at the start shows more than noise: nothing can be feasible at this seed."""
        return self.images.unmeasurable

    @property
    def constraint_names(self) -> frozenset[str]:
        return self.images.constraint_names

    def scores(self, observation: Observation) -> Scores:
        return self.images.scores(observation)

    def constraints(self, scores: Scores) -> tuple[Constraint, ...]:
        return self.images.constraints(scores)

    def judge(self, evaluation: Evaluation) -> tuple[Judged, Scores]:
        """The point with its cost and violations by constraint, and the image's scores."""
        scores = self.scores(evaluation.observation)
        violations = {constraint.name: constraint.violation for constraint in self.constraints(scores)}
        return Judged(evaluation.point, self.space.cost(evaluation.point), violations), scores

    def objectives(self, point: Point, scores: Scores) -> tuple[float, ...]:
        """The cost, then those of scorers.score.objectives."""
        return (self.space.cost(point), *self.images.objectives(scores))

"""From stored observations to scores and margins: nothing here draws, so changed requirements judge old images again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from optimizer.evaluate.base import Evaluation
from optimizer.point import Point
from optimizer.search.judged import Judged
from optimizer.search.space import Space
from scorers.observe.observation import Kind, Observation
from scorers.observe.references import References
from scorers.score.calibration import Calibration
from scorers.score.constraints import violations
from scorers.score.hands import hands_allowed
from scorers.score.scores import Scores, score


@dataclass(frozen=True)
class Judge:
    """All that turns an observation at one seed into scores. `hands_tolerance` is added to the locked image's hands score;
    `plain` is this seed with all LoRAs at 0, whose hands are expected as the locked image's are; `extra` is the
    least that other people's scorers must give.

    `others` are images of other seeds, the unit of drift; `drift_allowed` is in that unit, None if drift is only told.
    """

    references: Mapping[str, References]
    calibrations: Mapping[str, Calibration]
    kinds: Mapping[str, Kind]
    locked: Observation
    require: Mapping[str, float]
    hands_tolerance: float
    space: Space
    others: Sequence[Observation] = ()
    drift_allowed: float | None = None
    plain: Observation | None = None
    extra: Mapping[str, float] = field(default_factory=dict)

    @property
    def unmeasurable(self) -> tuple[str, ...]:
        """LoRAs that must show, and of which no weight alone shows more than its noise: nothing can be feasible here."""
        known = self.calibrations
        return tuple(n for n, least in self.require.items() if least > 0 and n in known and not known[n].measurable)

    @property
    def hands_allowed(self) -> float:
        return hands_allowed(self.locked, self.hands_tolerance)

    def scores(self, observation: Observation) -> Scores:
        return score(observation, self.references, self.calibrations, self.kinds, self.locked, self.others, self.plain)

    def judge(self, evaluation: Evaluation) -> tuple[Judged, Scores]:
        scores = self.scores(evaluation.observation)
        return Judged(evaluation.point, self.space.cost(evaluation.point), self.violations(scores)), scores

    def violations(self, scores: Scores) -> dict[str, float]:
        """How far each requirement is from being met: at most 0 is feasible."""
        return violations(scores, self.require, self.hands_allowed, self.drift_allowed, self.extra)

    def objectives(self, point: Point, scores: Scores) -> tuple[float, float, float, float]:
        """Total weight, worst garment, identity, broken hands; 0 where nothing of that kind is searched."""
        shown = {n: scores.expression[n] or 0.0 for n in self.kinds}
        garments = [v for n, v in shown.items() if self.kinds[n] != "face"]
        faces = [v for n, v in shown.items() if self.kinds[n] == "face"]
        return self.space.cost(point), min(garments, default=0.0), min(faces, default=0.0), scores.hands


def plain_scores(scores: Scores) -> dict[str, Any]:
    """As JSON values."""
    held = asdict(scores)
    return {**held, "body": list(scores.body)}

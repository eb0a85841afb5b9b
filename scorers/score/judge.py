"""The judge of one seed: from an observation to scores, constraints and objectives. It renders nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from models.lora_kinds import ScoredKind
from scorers.observe.observation import Observation
from scorers.observe.references import References
from scorers.score.base import Limit
from scorers.score.calibration import Calibration
from scorers.score.constraints import Constraint, constraint_names, constraints_of, limits_of
from scorers.score.objectives import objective_values
from scorers.score.requirements import Requirements
from scorers.score.scores import Scores, score


@dataclass(frozen=True)
class ImageJudge:
    """All that images of one seed are scored by."""

    references: Mapping[str, References]
    """By LoRA."""
    calibrations: Mapping[str, Calibration]
    """By LoRA."""
    kinds: Mapping[str, ScoredKind]
    """By LoRA, those that are scored."""
    locked: Observation
    """The locked image."""
    requirements: Requirements
    plain: Observation | None = None
    """The seed with all LoRAs at 0, whose hands are expected as the locked image's are."""
    others: Sequence[Observation] = ()
    """Images of other seeds, the unit of drift."""

    @property
    def unmeasurable(self) -> tuple[str, ...]:
        """Required LoRAs of which nothing alone or at the start shows more than noise: nothing can be feasible at this seed."""
        calibrated, required = self.calibrations, self.requirements.expression
        return tuple(n for n, least in required.items() if least > 0 and n in calibrated and not calibrated[n].measurable)

    @cached_property
    def limits(self) -> tuple[Limit, ...]:
        """The limits of the scores of whole images at this seed."""
        return limits_of(self.requirements, self.locked)

    @property
    def constraint_names(self) -> frozenset[str]:
        """The names of all constraints that an image has here."""
        return constraint_names(self.requirements, self.limits)

    def scores(self, observation: Observation) -> Scores:
        """All scores of an image of this seed."""
        return score(observation, self.references, self.calibrations, self.kinds, self.locked, self.others, self.plain)

    def constraints(self, scores: Scores) -> tuple[Constraint, ...]:
        """What an image with these scores must meet, in the order in which it is stored."""
        return constraints_of(scores, self.requirements, self.limits)

    def objectives(self, scores: Scores) -> tuple[float, ...]:
        """In the order of scorers.score.objectives.OBJECTIVES; 0 where nothing of that kind is searched."""
        return objective_values(scores, self.kinds)

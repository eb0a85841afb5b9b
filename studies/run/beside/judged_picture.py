"""A picture of any origin, observed and judged as an image of a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scorers.score.drift import DRIFT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from PIL.Image import Image

    from scorers.observe.base import Observer
    from scorers.observe.observation import Observation
    from scorers.score.judge import ImageJudge

DRIFTED: Final = 0.02
"""By how much drift may rise, in the unit of the seed's, where the study does not require it: a hand that is there again is a
point more."""


@dataclass(frozen=True)
class JudgedPicture:
    """What a picture shows."""

    observation: Observation
    violations: Mapping[str, float]
    """By constraint; at most 0 is met."""
    drift: float

    def broken_beside(self, before: JudgedPicture, but: Collection[str] = ()) -> list[str]:
        """The constraints that it violates, or violates by more, and `before` did not, those named `but` left out; drift where it
        is none and has risen."""
        names = [name for name in before.violations if name not in but]
        broken = [name for name in names if not self.violations[name] <= max(0.0, before.violations[name])]
        moved = DRIFT.name not in before.violations and self.drift > before.drift + DRIFTED
        return [*broken, DRIFT.name] if moved else broken


def judged_picture(observer: Observer, judge: ImageJudge, picture: Image) -> JudgedPicture:
    (seen,) = observer.observe([picture])
    scores = judge.scores(seen)
    violations = {constraint.name: constraint.violation for constraint in judge.constraints(scores)}
    return JudgedPicture(seen, violations, scores.graded[DRIFT.name])

"""The body: what scouting rejects must not come back, such as a second head, a third foot or hand, a foot or hand gone."""

from __future__ import annotations

from typing import Final

from models.counted import counted
from models.language.translate import joined, phrase
from scorers.observe.observation import Observation
from scorers.score.base import Comparison, Score
from scorers.score.judgeable_hands import PER_PERSON, judgeable_hands
from scorers.score.missing_hands import hands_lost


def body_faults(observation: Observation, locked: Observation, lost: int = 0) -> list[str]:
    """One line for each thing that is wrong compared with the locked image; empty if all is well.

    `lost` is the number of missing hands (scorers.score.missing_hands).
    """
    if observation.failed:
        return [observation.failed]
    found: list[str] = []
    if observation.heads > max(1, locked.heads):
        found.append(counted(observation.heads, "head"))
    if observation.heads == 0 and locked.heads > 0:
        found.append(phrase("no head"))
    if not min(PER_PERSON, locked.feet) <= observation.feet <= max(PER_PERSON, locked.feet):
        feet = counted(observation.feet, "foot", "feet")
        found.append(phrase("{feet} where the locked image shows {locked}", feet=feet, locked=locked.feet))
    hands, before = len(judgeable_hands(observation)), len(judgeable_hands(locked))
    if hands > max(PER_PERSON * max(1, observation.heads), before):
        found.append(phrase("{hands} hands where the locked image shows {locked}", hands=hands, locked=before))
    if lost:
        found.append(counted(lost, "hand not found", "hands not found"))
    return found


def _measure(image: Comparison) -> tuple[str, ...]:
    lost = hands_lost(image.observation, image.plain, image.locked)
    return tuple(body_faults(image.observation, image.locked, lost))


def _limit(_locked: Observation, _allowed: float | None) -> float:
    return 0.0


def _details(observation: Observation) -> str:
    return joined(", ", [counted(observation.heads, "head"), counted(observation.feet, "foot", "feet")])


BODY: Final = Score("body", _measure, _limit, counted=True, details=_details)

"""Hands: the worst broken probability of those large enough to judge, and 1 where an expected hand is missing."""

from __future__ import annotations

from typing import Final

from scorers.observe.observation import Observation
from scorers.score.base import Comparison, Mark, Score
from scorers.score.judgeable_hands import describe_hand, judgeable_hands
from scorers.score.missing_hands import hands_lost

TOLERANCE: Final = 0.15
"""By how much hands may be worse than the locked image's unless the study file sets it."""


def hands_score(observation: Observation, lost: int = 0) -> float:
    """In [0, 1]: the worst broken probability among judgeable hands, and 1 if any is `lost` (scorers.score.missing_hands).

    A hidden hand is not a broken one: 0 where none is seen and none is lost.
    """
    return 1.0 if lost else max((hand.broken for hand in judgeable_hands(observation)), default=0.0)


def hands_allowed(locked: Observation, tolerance: float = TOLERANCE) -> float:
    """The most an image's hands score may be, in [0, 1]: that of the hands in the locked image plus `tolerance`.

    A hand that the locked image has lost itself is no licence to lose it.
    """
    return min(1.0, hands_score(locked) + tolerance)


def _measure(image: Comparison) -> float:
    return hands_score(image.observation, hands_lost(image.observation, image.plain, image.locked))


def _limit(locked: Observation, tolerance: float | None) -> float:
    return hands_allowed(locked, TOLERANCE if tolerance is None else tolerance)


def _details(observation: Observation) -> str:
    return f"each {', '.join(describe_hand(hand) for hand in observation.hands)}" if observation.hands else "none seen"


def _marks(observation: Observation) -> list[Mark]:
    return [Mark(f"hand {describe_hand(hand)}", hand.box) for hand in observation.hands]


HANDS: Final = Score(
    "hands", _measure, _limit, standalone=hands_score, details=_details, marks=_marks, zero="whole", one="broken"
)

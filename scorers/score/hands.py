"""Hands: an ONNX judge looks at each one; the score is the worst of those large enough to judge."""

from __future__ import annotations

from typing import Final

from scorers.observe.observation import HandObservation, Observation

SMALLEST: Final = 12.0
"""Pixels: of a smaller hand fingers cannot be counted, so it is not judged."""
A_PERSON: Final = 2
"""Hands, and feet, that a person has."""


def large_hands(observation: Observation, smallest: float = SMALLEST) -> list[HandObservation]:
    """The hands of at least `smallest` pixels: those that can be judged."""
    return [hand for hand in observation.hands if hand.size >= smallest]


def hands_score(observation: Observation, lost: int = 0) -> float:
    """In [0, 1]: the worst broken probability among hands that can be judged, and 1 if any is `lost`
    (scorers.score.missing_hands). A hidden
    hand is not a broken one: 0 where none is to be seen and none is lost."""
    return 1.0 if lost else max((hand.broken for hand in large_hands(observation)), default=0.0)


def hands_allowed(locked: Observation, tolerance: float = 0.15) -> float:
    """The most an image's hands score may be, in [0, 1]: that of the hands seen in the locked image plus `tolerance`. A hand that
    the locked image has lost itself is no licence to lose it."""
    return min(1.0, hands_score(locked) + tolerance)

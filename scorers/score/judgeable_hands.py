"""The hands of an image that are large enough to be judged."""

from __future__ import annotations

from typing import Final

from scorers.observe.observation import HandObservation, Observation

SMALLEST: Final = 12.0
"""Pixels: fingers of a smaller hand cannot be counted, so it is not judged."""
PER_PERSON: Final = 2
"""Hands, and feet, of one person."""


def judgeable_hands(observation: Observation, smallest: float = SMALLEST) -> list[HandObservation]:
    """The hands of at least `smallest` pixels."""
    return [hand for hand in observation.hands if hand.size >= smallest]


def expected_hands(image: Observation) -> list[HandObservation]:
    """The judgeable hands, at most two a person."""
    return judgeable_hands(image)[: PER_PERSON * max(1, image.heads)]


def describe_hand(hand: HandObservation) -> str:
    """The judge's probability that it is broken, or that it is too small."""
    return "too small to judge" if hand.size < SMALLEST else f"{hand.broken:.2f}"

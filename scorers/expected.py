"""Hands that should be there: those that the plain image of a seed or its locked image shows."""

from __future__ import annotations

import numpy as np

from scorers.cover import covers
from scorers.hands import A_PERSON, large_hands
from scorers.observation import HandObservation, Observation


def hands_lost(observation: Observation, plain: Observation, locked: Observation) -> int:
    """How many hands are expected and not found: shown by the plain or by the locked image, and neither seen nor hidden here.

    A hand is hidden where an arm, bare or in a sleeve, leads out of sight, or where its place is covered by the figure. The
    second is no reason if the locked image's arms are bare: then an arm would be seen.
    """
    sleeved = all(arm.sleeved for arm in locked.arms)
    return max(_lost(observation, shown, sleeved=sleeved) for shown in (plain, locked))


def expected_hands(shown: Observation) -> list[HandObservation]:
    """The hands of an image that are large enough to be asked for again; a person's third one is not."""
    return large_hands(shown)[: A_PERSON * max(1, shown.heads)]


def _lost(observation: Observation, shown: Observation, *, sleeved: bool) -> int:
    unmatched = _unmatched(expected_hands(shown), observation.hands)
    led_away = sum(arm.end == "hidden" for arm in observation.arms)
    covered = sum(covers(observation.cover, hand.box) for hand in unmatched) if sleeved else 0
    return max(0, len(unmatched) - max(led_away, covered))


def _unmatched(expected: list[HandObservation], found: tuple[HandObservation, ...]) -> list[HandObservation]:
    """The expected hands that are left when each found one stands for the nearest; how far a hand has moved is drift's to say."""
    from scipy.optimize import linear_sum_assignment

    if not expected or not found:
        return expected
    a, b = (np.array([_centre(hand) for hand in hands]) for hands in (expected, found))
    rows, _ = linear_sum_assignment(np.linalg.norm(a[:, None] - b[None, :], axis=-1))
    return [hand for i, hand in enumerate(expected) if i not in rows]


def _centre(hand: HandObservation) -> tuple[float, float]:
    left, top, right, bottom = hand.box
    return (left + right) / 2, (top + bottom) / 2

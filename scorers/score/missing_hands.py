"""Missing hands: those that the plain or the locked image of a seed shows and an image neither shows nor hides."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Final

import numpy as np

from scorers.observe.figure_cover import covers
from scorers.observe.observation import HandObservation, Observation
from scorers.score.judgeable_hands import expected_hands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TRIED: Final = 5
"""Hands that are matched by trying every pairing; more by scipy."""


def hands_lost(observation: Observation, plain: Observation, locked: Observation) -> int:
    """The number of hands that the plain or the locked image shows and that are neither seen nor hidden here.

    A hand is hidden where an arm, bare or in a sleeve, leads out of sight, or where the figure covers its place. The second does
    not count if the locked image's arms are bare: then an arm would be seen.
    """
    sleeved = all(arm.sleeved for arm in locked.arms)
    return max(_lost(observation, shown, sleeved=sleeved) for shown in (plain, locked))


def lost_places(observation: Observation, plain: Observation, locked: Observation) -> list[HandObservation]:
    """The hands of the plain or the locked image, whichever has more, that are not found here, as they are there; none where none
    is lost. Some may be hidden: what is lost is counted, not placed."""
    if not hands_lost(observation, plain, locked):
        return []
    return max((_unmatched(expected_hands(shown), observation.hands) for shown in (locked, plain)), key=len)


def _lost(observation: Observation, shown: Observation, *, sleeved: bool) -> int:
    unmatched = _unmatched(expected_hands(shown), observation.hands)
    led_away = sum(arm.end == "hidden" for arm in observation.arms)
    covered = sum(covers(observation.cover, hand.box) for hand in unmatched) if sleeved else 0
    return max(0, len(unmatched) - max(led_away, covered))


def _unmatched(expected: list[HandObservation], found: tuple[HandObservation, ...]) -> list[HandObservation]:
    """The expected hands that are left when each found one is matched to the nearest; how far a hand moved is drift's matter."""
    if len(expected) <= len(found):
        return []
    rows = paired(expected, found)
    return [hand for i, hand in enumerate(expected) if i not in rows]


def paired(many: Sequence[HandObservation], few: Sequence[HandObservation]) -> list[int]:
    """Of each of `few` the place in `many` of the hand that it is paired with, where all pairs together lie nearest; `many` are
    not fewer."""
    if not few:
        return []
    a, b = (np.array([_centre(hand) for hand in hands]) for hands in (many, few))
    return _nearest_rows(np.linalg.norm(a[:, None] - b[None, :], axis=-1))


def _nearest_rows(apart: NDArray[np.float64]) -> list[int]:
    """By column of a tall matrix of distances, the rows that its columns take where the sum is least.

    Few are tried in every way: importing scipy takes a quarter of a `show`.
    """
    tall, wide = apart.shape
    if tall <= TRIED:
        ways = permutations(range(tall), wide)
        return list(min(ways, key=lambda rows: sum(float(apart[row, column]) for column, row in enumerate(rows))))
    from scipy.optimize import linear_sum_assignment

    _, rows = linear_sum_assignment(apart.T)
    return [int(row) for row in rows]


def _centre(hand: HandObservation) -> tuple[float, float]:
    left, top, right, bottom = hand.box
    return (left + right) / 2, (top + bottom) / 2

"""Where a part is redrawn that a ControlNet leads to its place in the locked image.

What is led from elsewhere needs both places in one mask: the old one has to go, and the new one to come. Arms move together: one
that is led beside one that stays as it was is not drawn (docs/mending.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Final

from models.boxes import ShareBox
from scorers.score.missing_hands import paired

if TYPE_CHECKING:
    from scorers.observe.observation import ArmObservation, HandObservation, Observation

MOST: Final = 6
"""Hands that are paired: in a crowd the nearest may be another person's."""


def led_hand(hand: HandObservation, seen: Observation, locked: Observation) -> ShareBox | None:
    """The box of a hand with that of the locked image's which it is paired with; None where the two lie apart."""
    goal = _pairs(seen.hands, locked.hands).get(hand.box)
    return hull(hand.box, goal.box) if goal is not None and _touch(hand.box, goal.box) else None


def all_arms(*images: Observation) -> ShareBox:
    """The least box that holds the arms and hands of all images, one of which shows any."""
    boxes = [hand.box for image in images for hand in image.hands] + [arm.box for image in images for arm in image.arms]
    return reduce(hull, boxes)


def with_arm(hand: ShareBox, arms: Sequence[ArmObservation]) -> ShareBox:
    """The box of a hand with that of the arm that leads to it."""
    return next((hull(hand, arm.box) for arm in arms if arm.end == "hand" and _touch(hand, arm.box)), hand)


def hull(one: ShareBox, other: ShareBox) -> ShareBox:
    """The least box that holds both."""
    return ShareBox(
        min(one.left, other.left), min(one.top, other.top), max(one.right, other.right), max(one.bottom, other.bottom)
    )


def _pairs(found: Sequence[HandObservation], goals: Sequence[HandObservation]) -> dict[ShareBox, HandObservation]:
    """By box of a found hand its goal."""
    few, many = (found, goals) if len(found) <= len(goals) else (goals, found)
    if len(many) > MOST:
        return {}
    pairs = [(one, many[place]) for one, place in zip(few, paired(many, few), strict=True)]
    return {one.box: goal for one, goal in (pairs if few is found else [(goal, one) for one, goal in pairs])}


def _touch(one: ShareBox, other: ShareBox) -> bool:
    return one.left <= other.right and other.left <= one.right and one.top <= other.bottom and other.top <= one.bottom

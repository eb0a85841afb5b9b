"""Where parts are redrawn that a ControlNet leads to the locked image."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.boxes import ShareBox
from scorers.observe.observation import ArmObservation, HandObservation, Observation
from studies.mending.led import all_arms, hull, led_hand

LEFT, RIGHT = ShareBox(0.0, 0.3, 0.2, 0.4), ShareBox(0.8, 0.3, 1.0, 0.4)
LOW = ShareBox(0.6, 0.6, 0.7, 0.7)
ARM = ShareBox(0.6, 0.3, 0.65, 0.65)


def hand(box: ShareBox, broken: float = 0.0) -> HandObservation:
    return HandObservation(box, 20.0, broken)


def seen(*hands: HandObservation, arms: tuple[ArmObservation, ...] = ()) -> Observation:
    return Observation((64, 96), hands=hands, arms=arms)


def test_a_hand_that_is_near_the_locked_images_is_redrawn_alone() -> None:
    near = ShareBox(0.75, 0.35, 0.95, 0.45)
    assert led_hand(hand(near), seen(hand(LEFT), hand(near)), seen(hand(LEFT), hand(RIGHT))) == hull(near, RIGHT)


def test_one_that_is_elsewhere_is_not() -> None:
    assert led_hand(hand(LOW), seen(hand(LEFT), hand(LOW)), seen(hand(LEFT), hand(RIGHT))) is None


def test_hands_are_paired_so_that_all_are_near() -> None:
    """The low hand is nearer to the left goal than to its own, which the other hand has."""
    between = ShareBox(0.15, 0.35, 0.3, 0.45)
    found = seen(hand(between), hand(LEFT))
    locked = seen(hand(LEFT), hand(ShareBox(0.25, 0.35, 0.4, 0.45)))
    assert led_hand(hand(between), found, locked) == ShareBox(0.15, 0.35, 0.4, 0.45)


def test_a_picture_that_shows_more_hands_than_the_locked_image_leaves_one_without_a_goal() -> None:
    found, locked = seen(hand(LEFT), hand(RIGHT), hand(LOW)), seen(hand(LEFT), hand(RIGHT))
    assert led_hand(hand(LOW), found, locked) is None
    assert led_hand(hand(RIGHT), found, locked) == RIGHT


def test_all_arms_are_those_of_both_images() -> None:
    found = seen(hand(LOW), arms=(ArmObservation(ARM, "hand"),))
    assert all_arms(found, seen(hand(LEFT), hand(RIGHT))) == ShareBox(0.0, 0.3, 1.0, 0.7)


shares = st.floats(0, 1, width=16)
boxes = st.builds(lambda x, y: ShareBox(min(x), min(y), max(x), max(y)), st.tuples(shares, shares), st.tuples(shares, shares))


@given(st.lists(boxes, max_size=4), st.lists(boxes, max_size=4))
def test_a_led_hand_is_in_its_box(found: list[ShareBox], goals: list[ShareBox]) -> None:
    picture, locked = seen(*map(hand, found)), seen(*map(hand, goals))
    for one in picture.hands:
        box = led_hand(one, picture, locked)
        if box is not None:
            assert hull(box, one.box) == box
            assert any(hull(box, goal) == box for goal in goals)
            assert locked.hands


@pytest.mark.parametrize("many", [7, 9])
def test_of_a_crowd_none_is_paired(many: int) -> None:
    crowd = seen(*(hand(ShareBox(at / 10, 0.1, at / 10 + 0.05, 0.2)) for at in range(many)))
    assert led_hand(crowd.hands[0], crowd, crowd) is None

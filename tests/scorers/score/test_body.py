from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from scorers.score.body import body_faults
from scorers.testing.fake_observer import Shown, observation_of
from scorers.testing.pictures import shown

LOCKED = observation_of(Shown())


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (Shown(), []),
        (Shown(heads=2), ["2 heads"]),
        (Shown(heads=0), ["no head"]),
        (Shown(feet=3), ["3 feet"]),
        (Shown(feet=1), ["1 foot"]),
    ],
)
def test_what_is_wrong_is_said(now: Shown, expected: list[str]) -> None:
    found = body_faults(observation_of(now), LOCKED)
    assert len(found) == len(expected)
    assert all(f.startswith(s) for f, s in zip(found, expected, strict=True))


@given(shown)
def test_an_image_never_violates_itself_but_by_more_heads(image: Shown) -> None:
    observation = observation_of(image)
    assert body_faults(observation, observation) == []


def test_a_third_foot_is_listed_even_where_the_locked_image_hides_them() -> None:
    assert body_faults(observation_of(Shown(feet=3)), observation_of(Shown(feet=0))) == ["3 feet where the locked image shows 0"]
    assert body_faults(observation_of(Shown(feet=0)), observation_of(Shown(feet=1))) == ["0 feet where the locked image shows 1"]
    assert body_faults(observation_of(Shown(feet=1)), observation_of(Shown(feet=2))) == ["1 foot where the locked image shows 2"]


def test_a_third_hand_and_a_lost_one_are_listed() -> None:
    hand = LOCKED.hands[0]
    assert body_faults(replace(LOCKED, hands=(hand,) * 3), LOCKED) == ["3 hands where the locked image shows 1"]
    assert body_faults(replace(LOCKED, hands=(hand,) * 3), replace(LOCKED, hands=(hand,) * 3)) == []
    assert body_faults(LOCKED, LOCKED, lost=1) == ["1 hand not found"]
    assert body_faults(LOCKED, LOCKED, lost=2) == ["2 hands not found"]


def test_feet_are_not_asked_for_where_the_locked_image_hides_them() -> None:
    assert body_faults(observation_of(Shown(feet=2)), observation_of(Shown(feet=0))) == []

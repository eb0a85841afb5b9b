from __future__ import annotations

import pytest
from hypothesis import given

from scorers.body import body_violations
from scorers.fake import Shown, observation_of
from tests.scorers.pictures import shown

LOCKED = observation_of(Shown())


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (Shown(), []),
        (Shown(heads=2), ["2 heads"]),
        (Shown(heads=0), ["no head"]),
        (Shown(feet=3), ["3 feet"]),
        (Shown(feet=1), ["1 feet"]),
    ],
)
def test_what_is_wrong_is_said(now: Shown, said: list[str]) -> None:
    found = body_violations(observation_of(now), LOCKED)
    assert len(found) == len(said)
    assert all(f.startswith(s) for f, s in zip(found, said, strict=True))


@given(shown)
def test_an_image_never_violates_itself_but_by_more_heads(image: Shown) -> None:
    observation = observation_of(image)
    assert body_violations(observation, observation) == []


def test_feet_are_not_asked_for_where_the_locked_image_hides_them() -> None:
    assert body_violations(observation_of(Shown(feet=2)), observation_of(Shown(feet=0))) == []

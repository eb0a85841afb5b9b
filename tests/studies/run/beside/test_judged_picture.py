"""What one picture of a seed breaks that another does not."""

from __future__ import annotations

import pytest

from scorers.testing.fake_observer import Shown, observation_of
from studies.run.beside.judged_picture import DRIFTED, JudgedPicture


def judged(moved: float = 0.1, /, **violations: float) -> JudgedPicture:
    return JudgedPicture(observation_of(Shown()), violations, moved)


@pytest.mark.parametrize(
    ("before", "after", "broken"),
    [
        (judged(face=-0.3), judged(face=-0.01), []),
        (judged(face=-0.3), judged(face=0.01), ["face"]),
        (judged(face=0.2), judged(face=0.2), []),
        (judged(face=0.2), judged(face=0.21), ["face"]),
        (judged(face=-0.3), judged(face=float("nan")), ["face"]),
        (judged(), judged(0.1 + DRIFTED / 2), []),
        (judged(), judged(0.1 + 2 * DRIFTED), ["drift"]),
        (judged(0.1, drift=-0.2), judged(0.2, drift=-0.1), []),
        (judged(0.1, drift=-0.2), judged(0.5, drift=0.1), ["drift"]),
    ],
)
def test_what_was_met_or_is_violated_by_more(before: JudgedPicture, after: JudgedPicture, broken: list[str]) -> None:
    assert after.broken_beside(before) == broken


def test_what_is_left_out() -> None:
    assert judged(hands=0.5, face=0.5).broken_beside(judged(hands=-1.0, face=-1.0), but={"hands"}) == ["face"]

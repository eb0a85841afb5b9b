from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import pytest
from hypothesis import given

from models.errors import InputError
from models.lora_kinds import ScoredKind
from scorers.score.calibration import Calibration
from scorers.score.constraints import constraint_names, constraints_of, limits_of
from scorers.score.requirements import Requirements
from scorers.score.scores import Scores, score
from scorers.testing.fake_observer import Shown, observation_of, references_of
from scorers.testing.pictures import shown

Value = TypeVar("Value")
KINDS: dict[str, ScoredKind] = {"dress": "clothing", "shoes": "shoes", "face": "face"}
REFERENCES = {name: references_of(kind) for name, kind in KINDS.items()}
CALIBRATIONS = {name: Calibration(0.2, 0.8, 0.05, 1.0) for name in KINDS}
REQUIRE = {"dress": 0.7, "shoes": 0.7, "face": 0.7}
LOCKED = observation_of(Shown())


def violations(scores: Scores, require: Mapping[str, float], hands: float, drift: float | None = None) -> dict[str, float]:
    """By constraint, where hands may score `hands` and drift is required if `drift` is given."""
    requirements = Requirements(require, {"hands": hands, **({} if drift is None else {"drift": drift})})
    limits = limits_of(requirements, LOCKED)
    found = {constraint.name: constraint.violation for constraint in constraints_of(scores, requirements, limits)}
    assert set(found) == constraint_names(requirements, limits)
    return found


@given(shown)
def test_ranges_and_names(image: Shown) -> None:
    found = score(observation_of(image), REFERENCES, CALIBRATIONS, KINDS, LOCKED)
    assert set(found.raw) == set(found.expression) == set(KINDS)
    assert all(0 <= v <= 1 + 1e-9 for v in found.raw.values())
    assert all((v or 0) >= 0 for v in found.expression.values())
    assert 0 <= found.graded["hands"] <= 1
    assert found.graded["drift"] >= 0
    assert set(violations(found, REQUIRE, 0.2)) == {*REQUIRE, "hands", "body"}


@given(shown)
def test_order_does_not_matter(image: Shown) -> None:
    def turned(values: dict[str, Value]) -> dict[str, Value]:
        return dict(reversed(values.items()))

    observation = observation_of(image)
    there = score(observation, REFERENCES, CALIBRATIONS, KINDS, LOCKED)
    back = score(observation, turned(REFERENCES), turned(CALIBRATIONS), turned(KINDS), LOCKED)
    assert there == back


def test_a_good_image_is_feasible() -> None:
    found = score(observation_of(Shown(0.7, 0.7, 0.7, hands=0.1)), REFERENCES, CALIBRATIONS, KINDS, LOCKED)
    assert all(v <= 0 for v in violations(found, REQUIRE, 0.2).values())


@pytest.mark.parametrize(
    ("image", "broken"),
    [
        (Shown(0.5, 0.9, 0.9), "dress"),
        (Shown(0.9, None, 0.9), "shoes"),
        (Shown(0.9, 0.9, None), "face"),
        (Shown(0.9, 0.9, 0.9, hands=0.4), "hands"),
        (Shown(0.9, 0.9, 0.9, feet=3), "body"),
    ],
)
def test_each_broken_requirement_is_named(image: Shown, broken: str) -> None:
    found = score(observation_of(image), REFERENCES, CALIBRATIONS, KINDS, LOCKED)
    assert [name for name, violation in violations(found, REQUIRE, 0.2).items() if violation > 0] == [broken]


def test_lost_hands_break_hands_and_body_and_hidden_ones_nothing() -> None:
    for image, broken in ((Shown(0.9, 0.9, 0.9, None, armless=True), ["hands", "body"]), (Shown(0.9, 0.9, 0.9, None), [])):
        found = score(observation_of(image), REFERENCES, CALIBRATIONS, KINDS, LOCKED)
        assert [name for name, violation in violations(found, REQUIRE, 0.2).items() if violation > 0] == broken


def test_hands_that_only_the_plain_image_shows_are_expected() -> None:
    gone = observation_of(Shown(0.9, 0.9, 0.9, None, armless=True))
    assert score(gone, REFERENCES, CALIBRATIONS, KINDS, locked=gone).graded["hands"] == 0
    found = score(gone, REFERENCES, CALIBRATIONS, KINDS, locked=gone, plain=LOCKED)
    assert (found.graded["hands"], found.counted["body"]) == (1.0, ("1 hand not found",))


def test_drift_is_required_only_where_an_allowance_is_given() -> None:
    moved = score(observation_of(Shown(0.9, 0.9, 0.9, shift=0.2)), REFERENCES, CALIBRATIONS, KINDS, LOCKED)
    other = observation_of(Shown(shift=0.1))
    against = score(observation_of(Shown(0.9, 0.9, 0.9, shift=0.2)), REFERENCES, CALIBRATIONS, KINDS, LOCKED, [other])
    assert against.graded["drift"] == pytest.approx(2.0)
    assert moved.graded["drift"] > 0
    assert "drift" not in violations(against, REQUIRE, 0.2)
    assert violations(against, REQUIRE, 0.2, 1.5)["drift"] == pytest.approx(0.5)
    assert violations(against, REQUIRE, 0.2, 2.5)["drift"] == pytest.approx(-0.5)


def test_no_face_is_not_feasible_and_no_error() -> None:
    found = score(observation_of(Shown(face=None)), REFERENCES, CALIBRATIONS, KINDS, LOCKED)
    assert not found.face_found
    assert found.expression["face"] == 0


def test_what_cannot_be_measured_is_no_score() -> None:
    flat = {**CALIBRATIONS, "shoes": Calibration(0.5, 0.51, 0.05, 1.0)}
    found = score(observation_of(Shown(1, 1, 1)), REFERENCES, flat, KINDS, LOCKED)
    assert found.expression["shoes"] is None
    assert found.measurable == {"dress": True, "shoes": False, "face": True}
    assert violations(found, REQUIRE, 1.0)["shoes"] == 0.7


def test_without_a_calibration_the_raw_score_stands() -> None:
    found = score(observation_of(Shown(0.4, 0.4, 0.4)), REFERENCES, {}, KINDS, LOCKED)
    assert found.expression == found.raw


def test_missing_references_are_refused() -> None:
    with pytest.raises(InputError, match="no shoes references"):
        score(LOCKED, {"dress": references_of("clothing")}, {}, {"dress": "clothing", "shoes": "shoes"}, LOCKED)
    with pytest.raises(InputError, match="not scored"):
        violations(score(LOCKED, {}, {}, {}, LOCKED), {"dress": 0.5}, 1.0)

"""Constraints: their arithmetic, order and labels; and that a score is one file and one line."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.observe.observation import Observation
from scorers.score.base import Comparison, Score
from scorers.score.constraints import Constraint, constraints_of, limits_of, needs_other_seeds
from scorers.score.judge import ImageJudge
from scorers.score.registry import BY_NAME, SCORES
from scorers.score.requirements import Requirements
from scorers.score.scores import Scores
from scorers.testing.fake_observer import Shown, observation_of, references_of

LOCKED = observation_of(Shown())


def judge(requirements: Requirements) -> ImageJudge:
    return ImageJudge({"dress": references_of("clothing")}, {}, {"dress": "clothing"}, LOCKED, requirements)


def constraints(requirements: Requirements, image: Observation) -> tuple[Constraint, ...]:
    found = judge(requirements)
    return found.constraints(found.scores(image))


@given(st.floats(0, 1.5), st.floats(0, 1.5))
def test_a_violation_is_the_requirement_less_the_expression_to_the_last_bit(value: float, least: float) -> None:
    scores = Scores({}, {"dress": value}, {}, face_found=True, extra={"sharp": value})
    dress, sharp = constraints_of(scores, Requirements({"dress": least}, extra={"sharp": least}), ())
    assert dress.violation == sharp.violation == least - value
    assert dress.violated == (value < least)


def test_what_failed_or_cannot_be_measured_is_violated() -> None:
    scores = Scores({}, {"dress": None}, {}, face_found=True, extra={"sharp": None})
    dress, sharp = constraints_of(scores, Requirements({"dress": 0.7}, extra={"sharp": 0.4}), ())
    assert (dress.violation, dress.label) == (0.7, "dress not measurable, needs 0.70")
    assert (sharp.violation, sharp.label) == (1.0, "sharp failed, needs 0.40")
    assert dress.violated
    assert sharp.violated


def test_no_number_meets_nothing_and_violates_nothing() -> None:
    odd = Constraint("odd", math.nan, 0.5, "odd nan")
    assert math.isnan(odd.violation)
    assert not odd.violated


def test_labels_and_order_are_those_that_people_and_storage_know() -> None:
    image = observation_of(Shown(clothing=0.62, hands=0.4, feet=3))
    image = Observation.from_json({**image.to_json(), "extra": {"sharp": 0.5}})
    found = constraints(Requirements({"dress": 0.7}, {"hands": 0.3, "drift": 0.5}, {"sharp": 0.4}), image)
    assert [constraint.label for constraint in found] == [
        "dress 0.62, needs 0.70",
        "hands 0.40, at most 0.30",
        "body 3 feet where the locked image shows 2",
        "sharp 0.50, needs 0.40",
        "drift 0.00, at most 0.50",
    ]
    assert [constraint.name for constraint in found if constraint.violated] == ["dress", "hands", "body"]


def test_other_seeds_are_needed_where_drift_is_required() -> None:
    assert needs_other_seeds(Requirements(allowed={"hands": 0.1, "drift": 1.0}))
    assert not needs_other_seeds(Requirements(allowed={"hands": 0.1}))


def test_limits_say_what_is_allowed() -> None:
    limits = limits_of(Requirements(allowed={"hands": 0.3}), LOCKED)
    assert [limit.describe() for limit in limits] == [
        "hands at most 0.30",
        "body as in the locked image",
        "drift reported only",
    ]


@pytest.mark.parametrize("score", SCORES, ids=lambda score: score.name)
def test_every_score_is_best_for_the_locked_image_and_bears_a_failed_one(score: Score) -> None:
    same = score.of(Comparison(LOCKED, LOCKED, LOCKED))
    assert same.value == 0
    failed = score.of(Comparison(Observation((0, 0), failed="out of memory"), LOCKED, LOCKED))
    assert failed.value >= 0
    assert score.counted == isinstance(failed.to_json(), list)
    assert BY_NAME[score.name] is score


def test_a_new_score_is_stored_and_required_once_it_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    def brightness(image: Comparison) -> float:
        return image.observation.size[0] / 1000

    dark = Score("glare", brightness, lambda _locked, allowed: allowed, optional=True)
    for module in ("scores", "constraints"):
        monkeypatch.setattr(f"scorers.score.{module}.SCORES", (*SCORES, dark))
    requirements = Requirements({"dress": 0.7}, {"glare": 0.1})
    found = judge(requirements)
    scores = found.scores(observation_of(Shown(clothing=0.9)))
    assert scores.to_json()["glare"] == scores.graded["glare"] == 0.128
    assert [c.name for c in found.constraints(scores) if c.violated] == ["glare"]
    assert "glare" in found.constraint_names

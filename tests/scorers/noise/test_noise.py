"""The noise of constraints over copies of one image, and how sure a verdict is in spite of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.noise.noise import chance_met, constraints_of_copies, noise_over, unsteady
from scorers.observe.observation import Observation
from scorers.score.judge import ImageJudge
from scorers.score.requirements import Requirements
from scorers.testing.fake_observer import Shown, observation_of, references_of


@pytest.fixture
def judge() -> ImageJudge:
    requirements = Requirements({"dress": 0.7}, {"hands": 0.15})
    return ImageJudge({"dress": references_of("clothing")}, {}, {"dress": "clothing"}, observation_of(Shown()), requirements)


def seen(*shown: Shown) -> Sequence[Observation]:
    return [observation_of(one) for one in shown]


def test_the_noise_is_the_spread_over_the_copies(judge: ImageJudge) -> None:
    copies = seen(Shown(0.8, hands=0.1), Shown(0.82, hands=0.1), Shown(0.84, hands=0.1))
    assert noise_over(constraints_of_copies(judge, copies)) == pytest.approx({"dress": 0.02, "hands": 0.0}, abs=1e-9)


def test_faults_are_counted_not_spread(judge: ImageJudge) -> None:
    copies = seen(Shown(0.8), Shown(0.8, feet=3), Shown(0.8), Shown(0.8))
    assert "body" not in noise_over(constraints_of_copies(judge, copies))
    assert unsteady(constraints_of_copies(judge, copies)) == {"body": 1}
    assert unsteady(constraints_of_copies(judge, copies[:1])) == {}


def test_fewer_than_two_copies_tell_nothing(judge: ImageJudge) -> None:
    assert noise_over(constraints_of_copies(judge, seen(Shown(0.8)))) == {}
    assert noise_over(constraints_of_copies(judge, [])) == unsteady(constraints_of_copies(judge, [])) == {}


def test_the_chance_is_that_of_a_normal_error() -> None:
    assert chance_met({"dress": -0.02}, {"dress": 0.02}) == pytest.approx(0.8413, abs=1e-4)
    assert chance_met({"dress": 0.02}, {"dress": 0.02}) == pytest.approx(0.1587, abs=1e-4)
    assert chance_met({"dress": -0.02, "shoes": 0.0}, {"dress": 0.02, "shoes": 0.01}) == pytest.approx(0.4207, abs=1e-4)


def test_what_has_no_noise_is_as_it_was_measured() -> None:
    assert chance_met({"dress": -0.5, "body": 0.0}, {}) == 1.0
    assert chance_met({"dress": -0.5, "body": 1.0}, {"dress": 0.1}) == 0.0
    assert chance_met({"dress": math.nan}, {"dress": 0.1}) == 0.0


@given(st.floats(-2, 2), st.floats(0, 1), st.floats(0.001, 1))
def test_more_violation_is_never_likelier_to_be_met(violation: float, more: float, sd: float) -> None:
    less, worse = (chance_met({"dress": v}, {"dress": sd}) for v in (violation, violation + more))
    assert 0 <= worse <= less <= 1


def test_the_chance_is_right_in_the_long_run() -> None:
    rng = np.random.default_rng(0)
    measured = -0.015
    truly = measured + 0.02 * rng.standard_normal(100_000)
    assert chance_met({"dress": measured}, {"dress": 0.02}) == pytest.approx(np.mean(truly <= 0), abs=0.01)

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from scorers.score.drift import LOST, TRIED, drift, keypoint_distance, least_pairs
from scorers.testing.fake_observer import Shown, observation_of
from scorers.testing.pictures import shown

LOCKED = observation_of(Shown())


@given(shown, shown)
def test_drift_is_0_for_the_locked_image_and_never_below(a: Shown, b: Shown) -> None:
    assert drift(observation_of(a), observation_of(a)) == 0
    assert drift(observation_of(a), observation_of(b)) >= 0


@given(st.floats(0, 0.2))
def test_a_shift_counts_as_far_as_it_goes(by: float) -> None:
    assert drift(observation_of(Shown(shift=by)), LOCKED) == pytest.approx(by, abs=1e-9)


def test_a_lost_point_counts_as_moved() -> None:
    lost = replace(LOCKED, points={**LOCKED.points, "hands": ()})
    assert keypoint_distance(lost, LOCKED) == pytest.approx(LOST / 3)


def test_1_is_the_median_of_other_seeds() -> None:
    others = [observation_of(Shown(shift=s)) for s in (0.05, 0.1, 0.2)]
    assert drift(observation_of(Shown(shift=0.1)), LOCKED, others) == pytest.approx(1)


@given(
    st.tuples(st.integers(0, TRIED), st.integers(0, TRIED)).flatmap(lambda shape: arrays(float, shape, elements=st.floats(0, 9)))
)
def test_few_points_are_matched_as_many_are(apart: np.ndarray) -> None:
    rows, columns = linear_sum_assignment(apart)
    assert sum(least_pairs(apart)) == pytest.approx(float(apart[rows, columns].sum()))


def test_clothes_do_not_drift() -> None:
    assert drift(observation_of(Shown(clothing=1, face=1, shoes=None)), LOCKED) == 0

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from scorers.observe.limbs.hand_geometry import implausible, is_found
from scorers.testing.hand_skeletons import broken, hand

SURE = np.ones(21)


def scores(draw: Callable[[np.random.Generator], NDArray[np.float64]], count: int = 150) -> NDArray[np.float64]:
    return np.array([implausible(draw(np.random.default_rng((4, i))), SURE) for i in range(count)])


def test_hands_in_any_pose_are_plausible_and_broken_ones_are_not() -> None:
    whole, bad = scores(hand), scores(broken)
    assert np.mean(whole < 0.5) >= 0.95
    assert np.mean(bad > 0.5) >= 0.85
    above = (whole[:, None] < bad[None]).mean() + (whole[:, None] == bad[None]).mean() / 2
    assert above >= 0.95


@given(st.integers(0, 500), st.floats(0.2, 5), st.floats(-np.pi, np.pi))
@settings(max_examples=25)
def test_size_place_and_turn_in_the_picture_do_not_matter(seed: int, size: float, angle: float) -> None:
    points = broken(np.random.default_rng(seed))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert implausible(points @ turn.T * size - 77, SURE) == pytest.approx(implausible(points, SURE), abs=1e-6)
    mirrored = points * [-1, 1]
    assert implausible(mirrored, SURE) == pytest.approx(implausible(points, SURE), abs=1e-6)


def test_points_the_model_is_not_sure_of_count_against_a_hand() -> None:
    points = hand(np.random.default_rng(1))
    half = np.where(np.arange(21) % 2, 1.0, 0.1)
    assert implausible(points, half) > implausible(points, SURE)
    assert implausible(points, np.zeros(21)) == 1.0
    assert is_found(SURE)
    assert not is_found(np.full(21, 0.1))


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=21, max_size=21))
@settings(max_examples=30)
def test_any_points_have_a_score(points: list[tuple[float, float]]) -> None:
    assert 0 <= implausible(np.array(points), SURE) <= 1

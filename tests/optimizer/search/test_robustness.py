"""Neighbours of a pick, and what follows from their violations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best
from optimizer.search.robustness import (
    Robustness,
    Side,
    best_robust,
    due_before_proof,
    neighbours,
    with_robustness,
)
from optimizer.search.space import Axis, Space

weights = st.dictionaries(st.sampled_from(["face", "dress", "shoes"]), st.integers(0, 20).map(lambda k: k / 20), min_size=1)


@given(weights, st.sampled_from([0.01, 0.02, 0.1]))
def test_both_sides_move_every_weight_but_those_at_0(held: dict[str, float], off: float) -> None:
    sides = neighbours(Point(held, 5.0, "a prompt"), off)
    for name, weight in held.items():
        lower, higher = sides["lower"].weights[name], sides["higher"].weights[name]
        assert (lower, higher) == ((0, 0) if weight == 0 else pytest.approx((max(0, weight - off), weight + off)))
    assert {side.prompt for side in sides.values()} == {"a prompt"}


def judged(weight: float, dress: float, hands: float = -0.1) -> Judged:
    return Judged(Point({"dress": weight}, 5.0), weight, {"dress": dress, "hands": hands})


def test_a_point_whose_neighbour_breaks_is_not_the_best() -> None:
    edge, inner = judged(0.4, -0.01), judged(0.5, -0.2)
    sides: dict[Side, Judged] = {"lower": judged(0.38, 0.03), "higher": judged(0.42, -0.05)}
    assert not Robustness(0.02, sides).holds
    history = with_robustness([edge, inner], {edge.point.key(): sides})
    assert best([edge, inner]) == edge
    assert best(history) == inner
    assert history[0].violations == {"dress": 0.03, "hands": -0.1}


def test_a_point_that_holds_stays_feasible() -> None:
    held = judged(0.5, -0.2)
    sides: dict[Side, Judged] = {"lower": judged(0.48, -0.1), "higher": judged(0.52, -0.2, -0.05)}
    assert Robustness(0.02, sides).holds
    assert best(with_robustness([held], {held.point.key(): sides})).violations == {"dress": -0.1, "hands": -0.05}  # type: ignore[union-attr]


def test_a_point_that_holds_is_preferred_to_a_cheaper_one_that_was_not_tried_so() -> None:
    cheap, held = judged(0.4, -0.01), judged(0.5, -0.2)
    sides: dict[Side, Judged] = {"lower": judged(0.48, -0.1), "higher": judged(0.52, -0.2)}
    assert best_robust([cheap, held], {}) == cheap
    assert best_robust([cheap, held], {held.point.key(): sides}) == best(with_robustness([held], {held.point.key(): sides}))
    broken: dict[Side, Judged] = {"lower": judged(0.48, 0.1), "higher": judged(0.52, -0.2)}
    assert best_robust([cheap, held], {held.point.key(): broken}) == cheap
    assert best_robust([held], {held.point.key(): broken}) is None


def test_robustness_comes_before_the_proof_once_images_are_few() -> None:
    space, pick = Space({"dress": Axis(0.0, 1.0, 0.05)}, given_cfg=5.0), judged(0.5, -0.2)
    assert [left for left in range(9) if due_before_proof(space, pick, [pick], left=left, found=0)] == [2, 3, 4]
    drawn = [pick, judged(0.45, 0.1)]
    assert [left for left in range(9) if due_before_proof(space, pick, drawn, left=left, found=0)] == [2, 3]
    assert [left for left in range(9) if due_before_proof(space, pick, drawn, left=left, found=1)] == [2, 3, 4, 5]

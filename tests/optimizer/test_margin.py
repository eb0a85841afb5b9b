"""Points beside a pick, and what they say of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.margin import Margin, beside, with_margins
from optimizer.point import Point
from optimizer.search import Judged, best

weights = st.dictionaries(st.sampled_from(["face", "dress", "shoes"]), st.integers(0, 20).map(lambda k: k / 20), min_size=1)


@given(weights, st.sampled_from([0.01, 0.02, 0.1]))
def test_both_sides_move_every_weight_but_those_at_0(held: dict[str, float], off: float) -> None:
    sides = beside(Point(held, 5.0, "a prompt"), off)
    for name, weight in held.items():
        lower, higher = sides["lower"].weights[name], sides["higher"].weights[name]
        assert (lower, higher) == ((0, 0) if weight == 0 else pytest.approx((max(0, weight - off), weight + off)))
    assert {side.prompt for side in sides.values()} == {"a prompt"}


def judged(weight: float, dress: float, hands: float = -0.1) -> Judged:
    return Judged(Point({"dress": weight}, 5.0), weight, {"dress": dress, "hands": hands})


def test_a_point_that_breaks_beside_itself_is_not_the_best() -> None:
    edge, inner = judged(0.4, -0.01), judged(0.5, -0.2)
    sides = {"lower": judged(0.38, 0.03), "higher": judged(0.42, -0.05)}
    assert not Margin(0.02, sides).holds
    history = with_margins([edge, inner], {edge.point.key(): sides})
    assert best([edge, inner]) == edge
    assert best(history) == inner
    assert history[0].margins == {"dress": 0.03, "hands": -0.1}


def test_a_point_that_holds_stays_feasible() -> None:
    held = judged(0.5, -0.2)
    sides = {"lower": judged(0.48, -0.1), "higher": judged(0.52, -0.2, -0.05)}
    assert Margin(0.02, sides).holds
    assert best(with_margins([held], {held.point.key(): sides})).margins == {"dress": -0.1, "hands": -0.05}  # type: ignore[union-attr]

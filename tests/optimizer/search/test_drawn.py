"""What was drawn, and what that says of each point: its own image, and those of its neighbours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.point import Point
from optimizer.search.drawn import Drawn, first_images, judged_points, missing_images, nearly_met, neighbours_drawn, places
from optimizer.search.judged_point import Judged, best
from optimizer.search.robustness import neighbours
from optimizer.search.space import Axis, Space
from optimizer.search.strategy import Proposal

NAMES, OFF = ("dress", "face", "shoes"), 0.02
SPACE = Space({n: Axis(0.0, 1.0, 0.05) for n in NAMES}, given_cfg=5.0)
START = SPACE.point(dict.fromkeys(NAMES, 0.4))
levels = st.fixed_dictionaries({n: st.integers(0, 20).map(lambda k: k / 20) for n in NAMES})


def edge(point: Point) -> Judged:
    """Each LoRA shows from 0.5 on."""
    return Judged(point, SPACE.cost(point), {n: 2 * (0.5 - w) for n, w in point.weights.items()})


def test_a_point_on_the_edge_costs_one_image_and_none_of_its_own() -> None:
    inside, on_edge = edge(SPACE.point(dict.fromkeys(NAMES, 0.55))), SPACE.point(dict.fromkeys(NAMES, 0.5))
    proposal = Proposal(on_edge, "search")
    (lower,) = first_images(Drawn([inside], ["start"], {}), [proposal], OFF)
    assert lower == Proposal(neighbours(on_edge, OFF)["lower"], "search", on_edge)
    drawn = Drawn([inside, edge(lower.point)], ["start", "search"], {}, {lower.point.key(): on_edge})
    points = judged_points(SPACE, drawn, OFF)
    assert [judged.point for judged in points] == [inside.point, on_edge]
    assert points[1].cost == pytest.approx(1.5)
    assert not points[1].feasible
    assert best(points) == inside


def test_where_nothing_holds_below_itself_the_nearest_point_gets_its_own_image() -> None:
    def needle(point: Point) -> Judged:
        by = max(abs(w - 0.4) for w in point.weights.values())
        return Judged(point, SPACE.cost(point), {"dress": 2 * by - 0.01, "face": -1.0, "shoes": -1.0})

    start = SPACE.point(dict.fromkeys(NAMES, 0.8))
    lower = neighbours(START, OFF)["lower"]
    drawn = Drawn([needle(start), needle(lower)], ["start", "search"], {}, {lower.key(): START})
    points = judged_points(SPACE, drawn, OFF)
    assert not any(judged.feasible for judged in points)
    assert nearly_met(points) == points[1]
    drawn = replace(drawn, trials=[*drawn.trials, needle(START)], phases=[*drawn.phases, "search"])
    assert nearly_met(judged_points(SPACE, drawn, OFF)) is None


@given(st.lists(levels, min_size=1, max_size=6))
def test_each_image_is_counted_once_and_each_point_searched_once(weights: list[dict[str, float]]) -> None:
    proposals = [Proposal(SPACE.point(w), "search") for w in weights]
    first = first_images(Drawn([], [], {}), proposals, OFF)
    assert len({p.point.key() for p in first}) == len(first)
    trials = [edge(p.point) for p in first]
    drawn = Drawn(trials, ["search"] * len(first), {}, {p.point.key(): p.lower_of for p in first if p.lower_of is not None})
    assert drawn.images == len(first)
    points = judged_points(SPACE, drawn, OFF)
    assert {j.point.key() for j in points} == {p.point.key() for p in proposals}
    for judged in points:
        missing = missing_images(drawn, judged.point, OFF)
        assert len(missing) == len({place.key() for place in places(judged.point, OFF).values()}) - 1 or not any(
            judged.point.weights.values()
        )
    assert first_images(drawn, proposals, 0.0) == list({p.point.key(): p for p in proposals}.values())


def test_a_trial_between_the_steps_is_a_point_by_itself_where_no_robustness_is_asked_for() -> None:
    lower = neighbours(START, OFF)["lower"]
    drawn = Drawn([edge(lower)], ["search"], {}, {lower.key(): START})
    assert [j.point for j in judged_points(SPACE, drawn, OFF)] == [START]
    for off in (0.0, 0.05):
        assert [j.point for j in judged_points(SPACE, drawn, off)] == [lower]


def test_neighbours_that_are_trials_are_known_to_the_point_between_them() -> None:
    lower = neighbours(START, OFF)["lower"]
    alone = Drawn([edge(lower)], ["search"], {}, {lower.key(): START})
    assert neighbours_drawn(alone, OFF) == {}
    both = replace(alone, trials=[*alone.trials, edge(START)], phases=["search", "search"])
    assert neighbours_drawn(both, OFF) == {START.key(): {"lower": edge(lower)}}
    assert both.images == 2
    assert judged_points(SPACE, both, OFF)[0].images == (edge(START), edge(lower))

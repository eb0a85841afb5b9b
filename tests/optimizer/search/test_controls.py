"""ControlNets in a search: what holds of every point, what they cost, and that a search finds as much of one as is needed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.control.control import Control
from optimizer.point import Point
from optimizer.search.judged_point import Judged, best
from optimizer.search.least_weight.candidates import candidates, cost_of, max_cost, point_of, row_of
from optimizer.search.least_weight.sampler import LeastWeight
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.proof import lowered
from optimizer.search.robustness import neighbours
from optimizer.search.samplers.base import SamplerSettings
from optimizer.search.samplers.registry import make_sampler, sampler_names
from optimizer.search.searched_controls import VALUES, SearchedControls
from optimizer.search.space import Axis, Space

STEPS = 20
WEIGHTS = {"dress": Axis(0.0, 1.0, 0.1), "shoes": Axis(0.0, 1.0, 0.1)}
PLAIN = Space(WEIGHTS, 7.0, Axis(6.0, 8.0, 0.5))
GIVEN = {"edges": Control(0.5, 0.75), "pose": Control(0.8)}
CONTROLS = SearchedControls(STEPS, GIVEN, {"edges": ("strength", "end")}, {"edges": 0.2, "pose": 0.1})
SPACE = replace(PLAIN, controls=CONTROLS)
SHARES = st.floats(0.0, 1.0)
SETTINGS = st.tuples(st.sampled_from(VALUES["strength"]), st.sampled_from(VALUES["end"]))


@given(SHARES, SHARES, SETTINGS)
def test_a_point_comes_back_from_what_is_stored_of_it(dress: float, shoes: float, edges: tuple[float, float]) -> None:
    point = SPACE.point({"dress": dress, "shoes": shoes}, 7.0, controls={"edges": Control(*edges)} | {"pose": Control(0.1)})
    assert point.acting_controls()["pose"] == GIVEN["pose"], "the search does not move it"
    assert point.acting_controls().get("edges", Control(0.0, edges[1])) == Control(*edges)
    assert SPACE.from_params(SPACE.params(point)) == point
    assert SPACE.from_numbers(SPACE.numbers(point)) == point
    assert point_of(SPACE, row_of(SPACE, point)) == point
    assert SPACE.params(point).keys() == SPACE.distributions().keys()
    for near in (lowered(SPACE, point, "dress", 1), *neighbours(point, 0.02).values()):
        assert near is None or near.acting_controls() == point.acting_controls()
    off = neighbours(point, 0.02)["lower"]
    assert SPACE.drawn_point(SPACE.params(off)).key() == off.key()


@given(SHARES, SHARES, SETTINGS)
def test_a_control_net_costs_its_strength_in_the_steps_in_which_it_acts(
    dress: float, shoes: float, edges: tuple[float, float]
) -> None:
    weights = {"dress": dress, "shoes": shoes}
    point = SPACE.point(weights, controls={"edges": Control(*edges)})
    acts = sum(step / STEPS < edges[1] for step in range(STEPS)) / STEPS
    extra = SPACE.cost(point) - PLAIN.cost(PLAIN.point(weights))
    assert math.isclose(extra, 0.2 * edges[0] * acts + 0.1 * 0.8 * ("pose" in point.controls), abs_tol=1e-9)


@given(SHARES, SHARES)
def test_without_control_nets_points_and_costs_are_what_they_were(dress: float, shoes: float) -> None:
    weights = {"dress": dress, "shoes": shoes}
    assert replace(SPACE, controls=SearchedControls(STEPS)).point(weights) == PLAIN.point(weights)


def test_what_the_file_says_is_where_a_search_begins() -> None:
    assert SPACE.point({"dress": 0.0, "shoes": 0.0}).controls == GIVEN


def test_candidates_hold_every_setting_once_and_cost_what_the_space_says() -> None:
    space = replace(SPACE, cfg=None)
    options = candidates(space, [], seed=0)
    points = [options.point(space, i) for i in range(len(options.cost))]
    assert len({p.key() for p in points}) == len(points) == 11 * 11 * (4 * 3 + 1), "at strength 0 its end changes nothing"
    assert np.allclose(options.cost, [space.cost(p) for p in points], atol=1e-12)
    assert np.allclose(cost_of(space, options.values), options.cost)
    assert max(options.cost) <= max_cost(space) + 1e-12


def judged(space: Space, point: Point) -> Judged:
    """Half of the edges keep the hands whole, in half of the steps; all of them hide the dress."""
    edges = point.acting_controls().get("edges", Control(0.0))
    dress, held = point.weights["dress"], edges.strength >= 0.5
    shown = dress * (1 - 0.4 * edges.spent(STEPS))
    hands = dress + point.weights["shoes"] - (1.4 if held else 0.6)
    return Judged(point, space.cost(point), {"dress": 0.6 - shown, "shoes": 0.4 - point.weights["shoes"], "hands": hands})


def test_the_search_finds_as_much_of_it_as_makes_a_seed_feasible() -> None:
    controls = replace(CONTROLS, given={"edges": Control(0.0)}, moving={"edges": ("strength", "end")})
    space = replace(SPACE, cfg=None, controls=controls)
    sampler = LeastWeight(priors_from(space, [], require={"dress": 0.6, "shoes": 0.4}), min_saving=0.02)
    history = [judged(space, space.point({"dress": 0.4, "shoes": 0.4}))]
    for _ in range(40):
        point = sampler.propose(space, history)
        if point is None:
            break
        history.append(judged(space, point))
    found = best(history)
    assert found is not None
    assert found.point.controls == {"edges": Control(0.5, 0.5)}
    assert found.cost == pytest.approx(0.7 + 0.4 + 0.2 * 0.5 * 0.5)


@pytest.mark.parametrize("name", sampler_names())
def test_every_sampler_leaves_what_is_given_and_moves_what_is_searched(name: str) -> None:
    space = replace(SPACE, cfg=None)
    start = space.point({"dress": 0.4, "shoes": 0.4})
    sampler = make_sampler(name, SamplerSettings(space, start))
    history = [judged(space, start)]
    for _ in range(12):
        point = sampler.propose(space, history)
        if point is None:
            break
        assert point.controls["pose"] == GIVEN["pose"]
        edges = point.acting_controls().get("edges", Control(0.0))
        assert edges.strength in VALUES["strength"]
        assert edges.end in VALUES["end"]
        history.append(judged(space, point))
    assert len(history) > 4

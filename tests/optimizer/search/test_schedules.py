"""Schedules in a search: what holds of every point, what they cost, and that a search finds the lightest one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.point import Point
from optimizer.schedules.schedule import WHOLE, Schedule
from optimizer.search.judged_point import Judged, best
from optimizer.search.least_weight.candidates import candidates, cost_of, max_cost, point_of, row_of
from optimizer.search.least_weight.sampler import LeastWeight
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.proof import lowered
from optimizer.search.robustness import neighbours
from optimizer.search.samplers.base import SamplerSettings
from optimizer.search.samplers.registry import make_sampler, sampler_names
from optimizer.search.searched_schedules import VALUES, SearchedSchedules
from optimizer.search.space import Axis, Space

STEPS = 20
WEIGHTS = {"dress": Axis(0.0, 1.0, 0.1), "shoes": Axis(0.0, 1.0, 0.1)}
PLAIN = Space(WEIGHTS, 7.0, Axis(6.0, 8.0, 0.5))
MOVING = SearchedSchedules(STEPS, {"shoes": Schedule(0.3, 0.9)}, {"dress": ("start", "end")})
SPACE = replace(PLAIN, schedules=MOVING)
SHARES = st.floats(0.0, 1.0)
ENDS = st.tuples(st.sampled_from(VALUES["start"]), st.sampled_from(VALUES["end"]))


@given(SHARES, SHARES, ENDS)
def test_a_point_comes_back_from_what_is_stored_of_it(dress: float, shoes: float, ends: tuple[float, float]) -> None:
    point = SPACE.point({"dress": dress, "shoes": shoes}, 7.0, schedules={"dress": Schedule(*ends)})
    assert SPACE.from_params(SPACE.params(point)) == point
    assert SPACE.from_numbers(SPACE.numbers(point)) == point
    assert point_of(SPACE, row_of(SPACE, point)) == point
    assert SPACE.params(point).keys() == SPACE.distributions().keys()
    assert all(schedule.steps(STEPS) for schedule in point.schedules.values())
    for near in (lowered(SPACE, point, "dress", 1), *neighbours(point, 0.02).values()):
        assert near is None or near.acting_schedules().items() <= point.schedules.items()
    off = neighbours(point, 0.02)["lower"]
    assert SPACE.drawn_point(SPACE.params(off)).key() == off.key()


@given(SHARES, SHARES, ENDS)
def test_a_weight_costs_the_share_of_the_steps_in_which_it_acts(dress: float, shoes: float, ends: tuple[float, float]) -> None:
    point = SPACE.point({"dress": dress, "shoes": shoes}, schedules={"dress": Schedule(*ends)})
    acts = [sum(step in point.schedules.get(name, WHOLE).steps(STEPS) for step in range(STEPS)) for name in WEIGHTS]
    mean = sum(weight * count / STEPS for weight, count in zip(point.weights.values(), acts, strict=True))
    assert math.isclose(SPACE.cost(point), mean, abs_tol=1e-9)
    assert SPACE.cost(point) <= PLAIN.cost(replace(point, schedules={})) + 1e-12


@given(SHARES, SHARES)
def test_without_schedules_points_and_costs_are_what_they_were(dress: float, shoes: float) -> None:
    weights = {"dress": dress, "shoes": shoes}
    whole = replace(SPACE, schedules=replace(MOVING, given={})).point(weights)
    assert whole == PLAIN.point(weights)
    assert SPACE.cost(whole) == PLAIN.cost(whole)


def test_candidates_hold_every_schedule_once_and_cost_what_the_space_says() -> None:
    space = replace(SPACE, cfg=None)
    options = candidates(space, [], seed=0)
    points = [options.point(space, i) for i in range(len(options.cost))]
    assert len({p.key() for p in points}) == len(points) == (10 * 8 + 1) * 11, "nothing is drawn in no step"
    assert np.allclose(options.cost, [space.cost(p) for p in points], atol=1e-12)
    assert np.allclose(cost_of(space, options.values), options.cost)
    assert max(options.cost) <= max_cost(space) + 1e-12


def test_an_end_that_would_leave_no_step_gives_way() -> None:
    space = SearchedSchedules(STEPS, {"a": Schedule(0, 0.5)}, {"a": ("start",), "b": ("start", "end")})
    assert space.nearest("a", {"a": Schedule(0.5, 0.5)}) == Schedule(0.25, 0.5)
    assert space.nearest("b", {"b": Schedule(0.5, 0.5)}) == Schedule(0.25, 0.5)
    assert space.nearest("c", {}) == WHOLE


def judged(space: Space, point: Point) -> Judged:
    """The dress shows from step 5 on as from the first; before, it breaks the hands. The shoes need 0.4."""
    schedule = point.acting_schedules().get("dress", WHOLE)
    dress = point.weights["dress"]
    shown = dress if schedule.start <= 0.25 and schedule.end >= 1 else dress / 2
    early = dress if schedule.start == 0 else 0.2 * dress
    found = {"dress": 0.6 - shown, "shoes": 0.4 - point.weights["shoes"], "hands": early + point.weights["shoes"] - 0.8}
    return Judged(point, space.cost(point), found)


def test_the_search_finds_the_schedule_that_makes_a_seed_feasible() -> None:
    space = replace(SPACE, cfg=None, schedules=replace(MOVING, given={}))
    sampler = LeastWeight(priors_from(space, [], require={"dress": 0.6, "shoes": 0.4}), min_saving=0.02)
    history = [judged(space, space.point({"dress": 0.4, "shoes": 0.4}))]
    for _ in range(30):
        point = sampler.propose(space, history)
        if point is None:
            break
        history.append(judged(space, point))
    found = best(history)
    assert found is not None
    assert found.point.schedules == {"dress": Schedule(0.25, 1)}
    assert found.cost == pytest.approx(0.6 * 0.75 + 0.4)


@pytest.mark.parametrize("name", sampler_names())
def test_every_sampler_proposes_schedules_that_are_drawn_in_a_step(name: str) -> None:
    space = replace(SPACE, cfg=None)
    start = space.point({"dress": 0.4, "shoes": 0.4})
    sampler = make_sampler(name, SamplerSettings(space, start))
    history = [judged(space, start)]
    for _ in range(12):
        point = sampler.propose(space, history)
        assert point is not None
        assert all(schedule.steps(STEPS) for schedule in point.schedules.values())
        assert point.schedules.get("shoes", Schedule(0.3, 0.9)) == Schedule(0.3, 0.9)
        history.append(judged(space, point))

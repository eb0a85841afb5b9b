"""The search as a pure function, on worlds whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best, nearest
from optimizer.search.proof import lowered, proof_of
from optimizer.search.samplers.base import Sampler
from optimizer.search.samplers.optuna_samplers import OptunaName, OptunaSampler
from optimizer.search.space import Axis, Space
from optimizer.search.strategy import SearchSettings, next_proposal
from optimizer.testing.fake_sampler import DiagonalSampler

NAMES = ("dress", "face", "shoes")
World = Callable[[Point], Judged]


def space(step: float = 0.05) -> Space:
    return Space({n: Axis(0.0, 1.0, step) for n in NAMES}, given_cfg=5.0)


def world(thresholds: dict[str, float], ceiling: float) -> World:
    """A garment shows once its weight passes its threshold; hands break once the total passes `ceiling`."""

    def judge(point: Point) -> Judged:
        violations = {n: thresholds[n] - w for n, w in point.weights.items()}
        violations["hands"] = sum(point.weights.values()) - ceiling
        return Judged(point, space().cost(point), violations)

    return judge


def run(judge: World, budget: int, sampler: Sampler | None = None) -> list[Judged]:
    grid, history = space(), list[Judged]()
    settings = SearchSettings(grid.point(dict.fromkeys(NAMES, 0.4)), budget)
    while (proposal := next_proposal(grid, history, settings, sampler or DiagonalSampler())) is not None:
        history.append(judge(proposal.point))
    return history


thresholds = st.fixed_dictionaries({n: st.integers(0, 14).map(lambda k: k / 20) for n in NAMES})


@given(thresholds, st.integers(4, 60))
@settings(max_examples=60, deadline=None)
def test_never_draws_a_point_twice_nor_more_than_the_budget(wanted: dict[str, float], budget: int) -> None:
    history = run(world(wanted, 9.0), budget)
    keys = [j.point.key() for j in history]
    assert len(keys) == len(set(keys)) <= budget


@given(thresholds)
@settings(max_examples=40, deadline=None)
def test_with_images_enough_the_proof_ends_at_the_least_weights(wanted: dict[str, float]) -> None:
    history = run(world(wanted, 9.0), 200)
    pick = best(history)
    assert pick is not None
    assert pick.cost == pytest.approx(sum(wanted.values()))
    proof = proof_of(space(), pick, history)
    assert proof.complete
    for name, lower in proof.steps.items():
        assert lower is not None
        assert lower.violations[name] > 0
    assert set(proof.at_bound) == {n for n in NAMES if wanted[n] == 0}


def test_an_interrupted_search_continues_as_if_undisturbed() -> None:
    judge = world({"dress": 0.5, "face": 0.65, "shoes": 0.3}, 2.0)
    whole = run(judge, 25)
    grid = space()
    settings = SearchSettings(grid.point(dict.fromkeys(NAMES, 0.4)), budget=25)
    for cut in range(1, len(whole)):
        again = next_proposal(grid, whole[:cut], settings, DiagonalSampler())
        assert again is not None
        assert again.point.key() == whole[cut].point.key()


def test_nothing_feasible_ends_with_the_budget_and_names_the_nearest() -> None:
    history = run(world({"dress": 0.9, "face": 0.9, "shoes": 0.9}, 0.5), 12)
    assert best(history) is None
    assert nearest(history).worst[1] > 0


def test_the_weight_that_went_down_goes_on_before_the_others_are_shown_again() -> None:
    judge = world({"dress": 0.4, "face": 0.2, "shoes": 0.4}, 9.0)
    history = [judge(space().point(dict.fromkeys(NAMES, w))) for w in (0.8, 0.6, 0.4)]
    first = space().point({"dress": 0.4, "face": 0.35, "shoes": 0.4})
    start = space().point(dict.fromkeys(NAMES, 0.4))
    history += [judge(p) for p in (lowered(space(), start, "dress", 1), lowered(space(), start, "shoes", 1), first) if p]
    proposed = next_proposal(space(), history, SearchSettings(start, budget=9), DiagonalSampler())
    assert proposed is not None
    assert proposed.phase == "proof"
    assert proposed.point == lowered(space(), first, "face", 1)


def test_the_proof_is_incomplete_where_a_step_was_not_drawn() -> None:
    judge = world({"dress": 0.4, "face": 0.4, "shoes": 0.4}, 9.0)
    pick = judge(space().point(dict.fromkeys(NAMES, 0.4)))
    below = lowered(space(), pick.point, "dress", 1)
    assert below is not None
    proof = proof_of(space(), pick, [pick, judge(below)])
    assert not proof.complete
    assert proof.steps["face"] is None


def test_lowering_stops_at_the_bound() -> None:
    assert lowered(space(), space().point(dict.fromkeys(NAMES, 0.0)), "dress", 1) is None


@pytest.mark.parametrize("name", ["gp", "tpe", "nsga2", "random"])
def test_every_sampler_is_deterministic_and_proposes_points_of_the_grid(name: OptunaName) -> None:
    judge = world({"dress": 0.45, "face": 0.6, "shoes": 0.3}, 2.2)
    history = [judge(space().point(dict.fromkeys(NAMES, v))) for v in (0.4, 0.8, 0.6)]
    first = OptunaSampler(name, 3).propose(space(), history)
    assert first.key() == OptunaSampler(name, 3).propose(space(), history).key()
    assert first.key() == space().point(first.weights).key()


def test_the_gaussian_process_finds_the_least_weights_of_a_smooth_world_within_twenty_images() -> None:
    ends = {"dress": 0.5, "face": 0.6, "shoes": 0.35}

    def judge(point: Point) -> Judged:
        violations = {n: 0.7 - 1 / (1 + math.exp(-12 * (w - ends[n] + 0.07))) for n, w in point.weights.items()}
        return Judged(point, space().cost(point), {**violations, "hands": (sum(point.weights.values()) - 2.4) * 0.3})

    pick = best(run(judge, 20, OptunaSampler("gp", 0)))
    assert pick is not None
    least = min(
        (
            judge(space().point({"dress": a / 20, "face": b / 20, "shoes": c / 20}))
            for a in range(21)
            for b in range(21)
            for c in range(21)
        ),
        key=lambda j: (not j.feasible, j.cost),
    )
    assert pick.cost <= least.cost + 0.1


def test_cfg_is_searched_only_when_asked_for_and_costs_its_stated_price() -> None:
    grid = replace(space(), cfg=Axis(4.0, 6.0, 0.5))
    assert grid.point(dict.fromkeys(NAMES, 0.4), 5.4).cfg == 5.5
    assert space().point(dict.fromkeys(NAMES, 0.4), 5.4).cfg == 5.0
    base = grid.cost(grid.point(dict.fromkeys(NAMES, 0.4), 5.0))
    assert grid.cost(grid.point(dict.fromkeys(NAMES, 0.4), 6.0)) == pytest.approx(base + 0.02)

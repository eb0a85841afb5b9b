"""Searches of worlds that are not as they should be: they end, and say what is true."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best, nearest
from optimizer.search.least_weight.sampler import LeastWeight
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.proof import proof_of
from optimizer.search.space import Axis, Space
from optimizer.search.strategy import Proposal, SearchSettings, next_proposal, next_proposals

World = Callable[[Point], dict[str, float]]


def space(count: int, step: float = 0.1) -> Space:
    return Space({f"lora{i}": Axis(0.0, 1.0, step) for i in range(count)}, given_cfg=5.0)


def searched(grid: Space, world: World, budget: int = 40) -> list[Judged]:
    history: list[Judged] = []
    sampler = LeastWeight(priors_from(grid, []))
    settings = SearchSettings(grid.point(dict.fromkeys(grid.weights, 0.4)), budget)
    while proposal := next_proposal(grid, history, settings, sampler):
        history.append(Judged(proposal.point, grid.cost(proposal.point), world(proposal.point)))
    assert len({j.point.key() for j in history}) == len(history) <= budget
    return history


def jumps(point: Point) -> dict[str, float]:
    """Each LoRA shows from 0.35 on."""
    return {n: 0.7 - 1 / (1 + math.exp(-30 * (w - 0.35))) for n, w in point.weights.items()} | {"hands": -0.3}


def test_scores_that_never_change_and_meet_nothing_end_it_early() -> None:
    history = searched(space(3), lambda point: dict.fromkeys(point.weights, 0.5) | {"hands": -0.1})
    assert best(history) is None
    assert len(history) < 40


def test_scores_that_never_change_and_meet_everything_lead_to_no_weight_at_all() -> None:
    grid = space(3)
    pick = best(searched(grid, lambda point: dict.fromkeys(point.weights, -0.1) | {"hands": -0.1}))
    assert pick is not None
    assert pick.cost == 0


def test_a_requirement_that_nothing_meets_is_told_as_what_blocks() -> None:
    history = searched(space(2), lambda point: {**jumps(point), "lora1": 0.8 - 0.2 * point.weights["lora1"]})
    assert best(history) is None
    assert nearest(history).worst[0] == "lora1"
    assert len(history) < 40


def test_where_half_of_the_trials_have_no_scores_the_others_are_enough() -> None:
    grid = space(3)

    def patchy(point: Point) -> dict[str, float]:
        odd = round(sum(point.weights.values()) * 10) % 2
        return dict.fromkeys([*point.weights, "hands"], math.nan) if odd else jumps(point)

    history = searched(grid, patchy)
    pick = best(history)
    assert pick is not None
    assert pick.cost <= 1.4
    assert not math.isnan(nearest(history).violations["hands"])


@pytest.mark.parametrize(("count", "step"), [(1, 0.05), (5, 0.1)])
def test_one_lora_and_five_find_what_proves_itself(count: int, step: float) -> None:
    grid = space(count, step)
    history = searched(grid, jumps, budget=60)
    pick = best(history)
    assert pick is not None
    assert proof_of(grid, pick, history).complete
    assert pick.cost == pytest.approx(0.4 * count, abs=0.1)


def test_a_batch_holds_points_that_differ_and_none_that_was_drawn() -> None:
    grid = space(3)
    sampler = LeastWeight(priors_from(grid, []))
    settings = SearchSettings(grid.point(dict.fromkeys(grid.weights, 0.4)), budget=12)
    history: list[Judged] = []
    for _ in range(4):
        batch = next_proposals(grid, history, settings, sampler, 4)
        assert len(batch) <= 4
        history += [_judge(grid, proposal) for proposal in batch]
    assert len({j.point.key() for j in history}) == len(history) <= 12
    assert best(history) is not None


def _judge(grid: Space, proposal: Proposal) -> Judged:
    return Judged(proposal.point, grid.cost(proposal.point), jumps(proposal.point))

"""The least-weight search: surrogates, acquisition, batches, and transfer from other seeds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best
from optimizer.search.kriging_believer import with_pending
from optimizer.search.least_weight import acquisition
from optimizer.search.least_weight.acquisition import Choice, choose, predict_points, probabilities
from optimizer.search.least_weight.candidates import MAX_CANDIDATES, as_shares, candidates, cost_of, max_cost, row_of
from optimizer.search.least_weight.fit import MAX_IMAGES, Priors, default_prior, fit_surrogates
from optimizer.search.least_weight.sampler import LeastWeight
from optimizer.search.least_weight.step_prior import expression_steps, load_steps
from optimizer.search.least_weight.surrogate import predict
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.prompt_edits import PromptEdit
from optimizer.search.proof import proof_of
from optimizer.search.space import Axis, Space
from optimizer.search.strategy import SearchSettings, next_proposal, next_proposals
from optimizer.testing.fake_landscape import sound_seeds
from optimizer.testing.fake_sampler import DiagonalSampler
from optimizer.testing.landscape import Problem

NAMES = ("face", "dress", "shoes")


def space(names: tuple[str, ...] = NAMES, step: float = 0.1, **others: object) -> Space:
    return Space({n: Axis(0.0, 1.0, step) for n in names}, given_cfg=5.0, **others)  # type: ignore[arg-type]


def judged(grid: Space, weights: dict[str, float], ends: dict[str, float], ceiling: float = 2.4) -> Judged:
    """A LoRA shows in one jump past its end; hands break past a total."""
    point = grid.point(weights)
    violations = {n: 0.7 - 1 / (1 + math.exp(-30 * (w - ends[n]))) for n, w in point.weights.items()}
    violations["hands"] = -0.3 if sum(point.weights.values()) < ceiling else 0.4
    return Judged(point, grid.cost(point), violations)


def chosen(grid: Space, history: list[Judged], priors: Priors, seed: int = 0) -> Choice | None:
    return choose(grid, history, fit_surrogates(grid, history, priors, seed), seed=seed)


def predicted(grid: Space, history: list[Judged], points: list[Point], priors: Priors) -> list[Judged]:
    return predict_points(grid, points, fit_surrogates(grid, history, priors))


ENDS = {"face": 0.55, "dress": 0.45, "shoes": 0.35}
START = dict.fromkeys(NAMES, 0.4)


def history_of(
    grid: Space, count: int, sampler: LeastWeight, ends: dict[str, float] = ENDS, ceiling: float = 2.4
) -> list[Judged]:
    history: list[Judged] = []
    settings = SearchSettings(grid.point(dict.fromkeys(grid.weights, 0.4)), budget=count)
    while len(history) < count:
        proposal = next_proposal(grid, history, settings, sampler)
        if proposal is None:
            break
        history.append(judged(grid, dict(proposal.point.weights), ends, ceiling))
    return history


def test_steps_rise_with_a_loras_own_weight_and_fall_with_the_others() -> None:
    shapes = expression_steps(1, 3, 0, seed=4)
    low, own, other = np.array([[0.3, 0.3, 0.3]]), np.array([[0.3, 0.9, 0.3]]), np.array([[0.9, 0.3, 0.3]])
    assert (shapes.step(own) >= shapes.step(low)).all()
    assert (shapes.step(other) <= shapes.step(low)).all()
    worse = load_steps(3, 0, seed=4)
    for raised in (own, other):
        assert (worse.step(raised) >= worse.step(low)).all()


def test_what_was_seen_is_believed_and_what_is_far_from_it_is_not_sure() -> None:
    grid = space()
    history = [judged(grid, dict.fromkeys(NAMES, w), ENDS) for w in (0.2, 0.4, 0.6, 0.8)]
    surrogate = fit_surrogates(grid, history, {})["dress"]
    seen = predict(surrogate, as_shares(grid, np.array([row_of(grid, j.point) for j in history])), 256)
    assert seen.feasible[0] < 0.05
    assert seen.feasible[3] > 0.95
    np.testing.assert_allclose(seen.mean, [j.violations["dress"] for j in history], atol=0.15)
    between = predict(surrogate, np.array([[0.5, 0.5, 0.5]]), 256)
    assert 0.02 < between.feasible[0] < 0.98


def test_a_posterior_without_data_is_its_prior() -> None:
    prior = default_prior(space(), "dress", require=0.7)
    surrogate = fit_surrogates(space(), [], {"dress": prior})["dress"]
    none, whole = predict(surrogate, np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), 512).feasible
    assert none < 0.1
    assert whole > 0.6


@given(st.integers(0, 10_000), st.fixed_dictionaries({n: st.integers(2, 8).map(lambda k: k / 10 - 0.05) for n in NAMES}))
@settings(max_examples=10, deadline=None)
def test_never_proposes_what_was_drawn_nor_what_costs_as_much_as_the_best(seed: int, ends: dict[str, float]) -> None:
    grid = space(step=0.2)
    history = [judged(grid, dict.fromkeys(NAMES, w), ends) for w in (0.4, 1.0)]
    for _ in range(4):
        choice = chosen(grid, history, {}, seed=seed)
        if choice is None:
            break
        assert choice.point.key() not in {j.point.key() for j in history}
        assert choice.point.key() == grid.point(choice.point.weights).key()
        found = best(history)
        assert found is None or grid.cost(choice.point) < found.cost
        history.append(judged(grid, dict(choice.point.weights), ends))


def test_is_deterministic_for_its_seed() -> None:
    grid = space()
    history = [judged(grid, dict.fromkeys(NAMES, w), ENDS) for w in (0.4, 0.8)]
    first = chosen(grid, history, {}, seed=3)
    assert first == chosen(grid, list(history), {}, seed=3)


def test_finds_the_least_weights_of_a_jumping_world_and_proves_them() -> None:
    grid = space()
    history = history_of(grid, 25, LeastWeight(priors_from(grid, [])))
    pick = best(history)
    assert pick is not None
    assert pick.cost == pytest.approx(0.6 + 0.5 + 0.4)
    assert proof_of(grid, pick, history).complete
    assert len(history) <= 16


def test_gives_up_on_its_own_where_nothing_can_be_met() -> None:
    grid = space(step=0.25)
    history = history_of(grid, 120, LeastWeight(priors_from(grid, [])), dict.fromkeys(NAMES, 1.4), ceiling=1.5)
    assert best(history) is None
    assert len(history) < 120


def test_where_nothing_has_a_chance_it_comes_nearer() -> None:
    grid = space()
    constant = [
        Judged(grid.point(dict.fromkeys(NAMES, w)), 3 * w, {"face": 0.7, "dress": 0.7, "hands": 0.5}) for w in (0.2, 0.5, 0.8)
    ]
    choice = chosen(grid, constant, {})
    assert choice is not None
    assert math.isfinite(choice.saving)


def test_margins_that_are_missing_or_not_numbers_are_left_out() -> None:
    grid = space()
    history = [judged(grid, dict.fromkeys(NAMES, w), ENDS) for w in (0.2, 0.4, 0.6, 0.8)]
    holes = [
        replace(j, violations={"hands": j.violations["hands"], "dress": math.nan}) if i % 2 else j for i, j in enumerate(history)
    ]
    assert len(fit_surrogates(grid, holes, {})["dress"].y) == 2
    choice = chosen(grid, holes, {})
    assert choice is not None
    assert 0 <= choice.feasible <= 1


def test_faults_that_are_counted_break_between_none_and_one() -> None:
    grid = space()
    history = [
        Judged(grid.point(dict.fromkeys(NAMES, w)), 3 * w, {"body": float(w > 0.7)})
        for w in (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.9, 1.0)
    ]
    seen = predict(fit_surrogates(grid, history, {})["body"], np.array([[0.4, 0.4, 0.4], [0.9, 0.9, 0.9]]), 256)
    assert seen.feasible[0] > 0.9
    assert seen.feasible[1] < 0.1


@pytest.mark.parametrize("names", [("dress",), ("a", "b", "c", "d", "e")])
def test_one_lora_and_five(names: tuple[str, ...]) -> None:
    grid = space(names, step=0.05)
    ends = dict.fromkeys(names, 0.3)
    history = [judged(grid, dict.fromkeys(names, 0.4), ends, 9.0)]
    choice = chosen(grid, history, {})
    assert choice is not None
    assert grid.cost(choice.point) < history[0].cost
    held = candidates(grid, [history[0].point], 0)
    assert len(held.cost) <= 2 * MAX_CANDIDATES
    assert len(np.unique(held.values, axis=0)) == len(held.values)


def test_prices_and_cfg_count_in_what_is_saved() -> None:
    grid = space(prices={"dress": 3.0}, cfg=Axis(4.0, 6.0, 0.5))
    points = [Point({"face": 0.1, "dress": 0.2, "shoes": 0.3}, 5.5), Point(dict.fromkeys(NAMES, 1.0), 4.0)]
    rows = np.array([row_of(grid, p) for p in points])
    assert cost_of(grid, rows) == pytest.approx([grid.cost(p) for p in points])
    assert len(candidates(grid, points, 0).cost) == 11**3 * 5
    history = [replace(judged(grid, dict.fromkeys(NAMES, 0.8), ENDS), cost=grid.cost(grid.point(dict.fromkeys(NAMES, 0.8), 5.0)))]
    choice = chosen(grid, history, {})
    assert choice is not None
    assert grid.cost(choice.point) < history[0].cost


def test_a_batch_holds_different_points_and_begins_with_the_single_choice() -> None:
    grid = space()
    history = [judged(grid, dict.fromkeys(NAMES, w), ENDS) for w in (0.4, 0.8)]
    settings = SearchSettings(history[0].point, budget=40)
    batch = next_proposals(grid, history, settings, LeastWeight({}), 4)
    assert len({proposal.point.key() for proposal in batch}) == len(batch) == 4
    single = chosen(grid, history, {})
    assert single is not None
    assert batch[0].point == single.point


def test_points_that_are_being_drawn_count_as_predicted_with_the_samplers_own_priors() -> None:
    grid = space()
    earlier = [history_of(grid, 7, LeastWeight(priors_from(grid, [], seed=s), s)) for s in range(2)]
    history, point = [judged(grid, START, ENDS)], grid.point(dict.fromkeys(NAMES, 0.6))
    taught, untaught = LeastWeight(priors_from(grid, earlier)), LeastWeight(priors_from(grid, []))
    for sampler in (taught, untaught):
        *kept, believed = with_pending(grid, history, [point], sampler, {})
        assert kept == history
        assert believed == replace(predicted(grid, history, [point], sampler.priors)[0], pending=True)
    assert with_pending(grid, history, [point], taught, {}) != with_pending(grid, history, [point], untaught, {})


def test_samplers_that_predict_nothing_get_the_predictions_of_a_first_seed() -> None:
    grid = space()
    history, point = [judged(grid, START, ENDS)], grid.point(dict.fromkeys(NAMES, 0.6))
    require = dict.fromkeys(NAMES, 0.5)
    first = LeastWeight(priors_from(grid, [], require=require))
    assert with_pending(grid, history, [point], DiagonalSampler(), require) == with_pending(grid, history, [point], first, {})


def test_earlier_seeds_teach_where_to_look_first() -> None:
    grid = space()
    earlier = [history_of(grid, 7, LeastWeight(priors_from(grid, [], seed=s), s)) for s in range(2)]
    start = [judged(grid, START, ENDS)]
    taught, untaught = (chosen(grid, start, priors_from(grid, held)) for held in (earlier, []))
    assert taught is not None
    assert untaught is not None
    assert taught.feasible > untaught.feasible
    assert judged(grid, dict(taught.point.weights), ENDS).feasible


def test_earlier_seeds_that_were_otherwise_do_not_keep_it_from_the_pick() -> None:
    grid = space()
    other = dict.fromkeys(NAMES, 0.25)
    earlier = [history_of(grid, 7, LeastWeight(priors_from(grid, [], seed=s), s), other) for s in range(2)]
    pick = best(history_of(grid, 30, LeastWeight(priors_from(grid, earlier))))
    assert pick is not None
    assert pick.cost <= 1.5 + 0.1 + 1e-9


def test_without_trials_earlier_seeds_change_nothing() -> None:
    grid = space()
    bare, empty = priors_from(grid, [], require={"dress": 0.6}), priors_from(grid, [[], []], require={"dress": 0.6})
    for name in NAMES:
        np.testing.assert_array_equal(bare[name].log_weights, empty[name].log_weights)


def test_made_up_seeds_are_solved_in_a_handful_of_images() -> None:
    needed = []
    for study in (0, 2):
        (held,) = sound_seeds(study, 1)
        asked = Problem(held, dict.fromkeys(held.levels, 0.5), {"hands": 0.3})
        assert asked.optimum is not None
        sampler, history = LeastWeight(priors_from(asked.space, [], require=asked.require)), list[Judged]()
        while not any(asked.is_pick(j) for j in history):
            proposal = next_proposal(asked.space, history, SearchSettings(asked.start, budget=40), sampler)
            assert proposal is not None
            history.append(asked.judge(proposal.point))
        needed.append(len(history))
    assert max(needed) <= 20


def test_beyond_a_grid_that_can_be_listed_it_climbs_to_a_point_as_good(monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple("abcdefgh")
    grid = space(names, step=0.05)
    ends = dict.fromkeys(names, 0.3)
    history = [judged(grid, dict.fromkeys(names, w), ends, 9.0) for w in (0.1, 0.2)]
    choice = chosen(grid, history, {})
    assert choice is not None
    rng = np.random.default_rng(0)
    steps = [grid.point({n: w + 0.05 * rng.integers(-1, 2) for n, w in choice.point.weights.items()}) for _ in range(20)]
    around = probabilities(grid, [choice.point, *steps], fit_surrogates(grid, history, {}))
    saved = np.array([max_cost(grid) - grid.cost(p) for p in [choice.point, *steps]])
    assert (around * saved)[0] >= 0.8 * (around * saved).max()
    monkeypatch.setattr(acquisition, "CLIMBS", 0)
    unclimbed = chosen(grid, history, {})
    assert unclimbed is not None
    assert choice.saving > 1.02 * unclimbed.saving


def test_the_costliest_corner_is_found_axis_by_axis() -> None:
    grid = space(prices={"dress": 3.0}, cfg=Axis(4.0, 7.0, 0.5), prompt_edits=(PromptEdit(add="white shoes"),), prompt="1girl")
    corners = [
        grid.cost(grid.point(dict(zip(NAMES, w, strict=True)), cfg, edits))
        for w in np.ndindex(2, 2, 2)
        for cfg in (4.0, 7.0)
        for edits in (set(), {"add white shoes"})
    ]
    assert max_cost(grid) == pytest.approx(max(corners))


def test_more_images_than_are_fitted_leave_out_those_far_from_the_best() -> None:
    grid, rng = space(step=0.01), np.random.default_rng(1)
    history = [judged(grid, {n: float(rng.uniform(0, 1)) for n in NAMES}, ENDS) for _ in range(3 * MAX_IMAGES)]
    found = best(history)
    assert found is not None
    surrogate = fit_surrogates(grid, history, {})["dress"]
    assert len(surrogate.y) == MAX_IMAGES
    centre = as_shares(grid, row_of(grid, found.point)[None])
    every = as_shares(grid, np.array([row_of(grid, j.point) for j in history]))
    kept, far = (((rows - centre) ** 2).sum(axis=1) for rows in (surrogate.x, every))
    assert kept.max() == pytest.approx(np.sort(far)[MAX_IMAGES - 1])


def test_a_flat_plateau_leaves_no_luck() -> None:
    """Points that all miss by as little: another one like them is not expected to be feasible."""
    grid, rng = space(step=0.05), np.random.default_rng(0)
    low = [judged(grid, START, ENDS)]
    rows = [{n: float(rng.uniform(0.7, 0.9)) for n in NAMES} for _ in range(12)]
    flat = [Judged(p := grid.point(w), grid.cost(p), {**dict.fromkeys(NAMES, -0.2), "dress": 0.05, "hands": -0.3}) for w in rows]
    near = grid.point(dict.fromkeys(NAMES, 0.8))
    assert probabilities(grid, [near], fit_surrogates(grid, low + flat, {}))[0] < 0.02


def test_neighbours_of_a_point_teach_where_they_were_drawn() -> None:
    grid = space(step=0.05)
    point = judged(grid, dict.fromkeys(NAMES, 0.6), ENDS)
    lower = replace(point, point=Point(dict.fromkeys(NAMES, 0.58), 5.0), violations={**point.violations, "dress": 0.2})
    merged = replace(point, violations=lower.violations, images=(point, lower))
    surrogate = fit_surrogates(grid, [merged], {})["dress"]
    assert surrogate.y.tolist() == [point.violations["dress"], 0.2]
    np.testing.assert_allclose(surrogate.x[1], 0.58)


def test_a_pick_that_must_be_robust_is_looked_for_further_from_the_edge() -> None:
    grid = space(step=0.05)
    history = [judged(grid, dict.fromkeys(NAMES, w), ENDS) for w in (0.3, 0.5, 0.8)]
    surrogates = fit_surrogates(grid, history, {})
    edge = [grid.point({"face": 0.6, "dress": 0.5, "shoes": 0.4})]
    assert probabilities(grid, edge, surrogates, 0.05)[0] < probabilities(grid, edge, surrogates)[0]

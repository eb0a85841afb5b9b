"""One budget of images: what is a trial, what is robustness, and what comes first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from optimizer.point import Point
from optimizer.search.budget import RobustnessImage, next_images
from optimizer.search.drawn import Drawn, judged_points, missing_images, neighbours_drawn
from optimizer.search.judged_point import Judged, best
from optimizer.search.least_weight.sampler import LeastWeight, least_saving
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.proof import lowered, proof_of
from optimizer.search.robustness import best_robust, neighbours, next_side
from optimizer.search.samplers.base import Sampler
from optimizer.search.samplers.optuna_samplers import OptunaSampler
from optimizer.search.space import Axis, Space
from optimizer.search.strategy import Proposal, SearchSettings
from optimizer.testing.fake_sampler import DiagonalSampler

NAMES = ("dress", "face", "shoes")
SPACE = Space({n: Axis(0.0, 1.0, 0.05) for n in NAMES}, given_cfg=5.0)
OFF = 0.02
START = SPACE.point(dict.fromkeys(NAMES, 0.4))
World = Callable[[Point], Judged]


def world(shown_from: float, ceiling: float) -> World:
    """Each LoRA shows from a weight on, as it rises; hands break past a total."""

    def judge(point: Point) -> Judged:
        violations = {n: 2 * (shown_from - w) for n, w in point.weights.items()}
        violations["hands"] = sum(point.weights.values()) - ceiling
        return Judged(point, SPACE.cost(point), violations)

    return judge


def least_weight() -> Sampler:
    return LeastWeight(priors_from(SPACE, [], require=dict.fromkeys(NAMES, 0.7)), 0, least_saving(SPACE), OFF)


def searched(judge: World, sampler: Sampler, budget: int, robust: bool = True, count: int = 1) -> tuple[Drawn, list[str]]:
    """To its end: what was drawn, and the use of each image in order."""
    drawn, uses, settings = Drawn([], [], {}), list[str](), SearchSettings(START, budget)
    while True:
        wanted = next_images(SPACE, drawn, settings, sampler, off=OFF if robust else 0.0, count=count)
        if isinstance(wanted, RobustnessImage):
            key, side = wanted.pick.point.key(), wanted.side
            sides = {**drawn.neighbours.get(key, {}), side: judge(neighbours(wanted.pick.point, OFF)[side])}
            drawn, uses = replace(drawn, neighbours={**drawn.neighbours, key: sides}), [*uses, side]
        elif wanted:
            trials = [judge(proposal.point) for proposal in wanted]
            phases = [proposal.phase for proposal in wanted]
            of = {p.point.key(): p.lower_of for p in wanted if p.lower_of is not None}
            drawn = Drawn([*drawn.trials, *trials], [*drawn.phases, *phases], drawn.neighbours, {**drawn.lower_of, **of})
            uses += phases
        else:
            return drawn, uses


def test_the_lower_side_comes_first_and_the_higher_one_only_where_it_holds() -> None:
    fine, broken = (Judged(START, 1.2, {"dress": v}) for v in (-0.1, 0.1))
    assert next_side({}) == "lower"
    assert next_side({"lower": broken}) is None
    assert next_side({"lower": fine}) == "higher"
    assert next_side({"lower": fine, "higher": broken}) is None


def pick_of(drawn: Drawn) -> Judged | None:
    return best_robust(drawn.trials, neighbours_drawn(drawn, OFF))


def test_robustness_is_drawn_for_the_candidate_and_the_proof_after_it() -> None:
    drawn, uses = searched(world(0.5, 9.0), least_weight(), 40)
    pick = pick_of(drawn)
    assert pick is not None
    assert proof_of(SPACE, pick, judged_points(SPACE, drawn, OFF)).complete
    assert missing_images(drawn, pick.point, OFF) == []
    assert "higher" in uses
    assert uses.index("higher") < uses.index("proof")
    assert uses[0] == "start"
    assert drawn.images == len(uses) <= 40


def test_the_image_of_a_point_itself_comes_where_its_lower_neighbour_holds_and_the_search_has_ended() -> None:
    edge = world(0.5, 9.0)
    point, start = (SPACE.point(dict.fromkeys(NAMES, w)) for w in (0.55, 0.8))
    lower = neighbours(point, OFF)["lower"]
    drawn = Drawn([edge(start), edge(lower)], ["start", "search"], {}, {lower.key(): point})
    ended = replace(least_weight_sampler(), min_saving=9.0)
    settings = SearchSettings(start, 40)
    assert next_images(SPACE, drawn, settings, ended, off=OFF) == [Proposal(point, "search")]
    drawn = replace(drawn, trials=[*drawn.trials, edge(point)], phases=[*drawn.phases, "search"])
    higher = next_images(SPACE, drawn, settings, ended, off=OFF)
    assert isinstance(higher, RobustnessImage)
    assert (higher.pick.point, higher.side) == (point, "higher")
    assert neighbours_drawn(drawn, OFF) == {point.key(): {"lower": edge(lower)}}


def test_without_robustness_points_are_drawn_themselves() -> None:
    drawn, uses = searched(world(0.5, 9.0), least_weight(), 40, robust=False)
    assert not drawn.lower_of
    assert "higher" not in uses
    assert all(judged.point.key() == SPACE.point(judged.point.weights).key() for judged in drawn.trials)


@pytest.mark.parametrize("step", [0.01, 0.02])
def test_steps_no_wider_than_the_robustness_draw_nothing_twice_and_reach_a_pick(step: float) -> None:
    space = Space({n: Axis(0.0, 1.0, step) for n in ("dress", "shoes")}, given_cfg=5.0)
    start = space.point({"dress": 0.6, "shoes": 0.6})

    def judge(point: Point) -> Judged:
        return Judged(point, space.cost(point), {n: 2 * (0.5 - w) for n, w in point.weights.items()})

    sampler = LeastWeight(priors_from(space, [], require={"dress": 0.7, "shoes": 0.7}), 0, least_saving(space), OFF)
    drawn, settings = Drawn([], [], {}), SearchSettings(start, 60)
    while wanted := next_images(space, drawn, settings, sampler, off=OFF):
        before = drawn.images
        if isinstance(wanted, RobustnessImage):
            key = wanted.pick.point.key()
            assert key in {judged.point.key() for judged in drawn.trials}
            sides = {**drawn.neighbours.get(key, {}), wanted.side: judge(neighbours(wanted.pick.point, OFF)[wanted.side])}
            drawn = replace(drawn, neighbours={**drawn.neighbours, key: sides})
        else:
            of = {p.point.key(): p.lower_of for p in wanted if p.lower_of is not None}
            trials, phases = [judge(p.point) for p in wanted], [p.phase for p in wanted]
            drawn = Drawn([*drawn.trials, *trials], [*drawn.phases, *phases], drawn.neighbours, {**drawn.lower_of, **of})
        assert drawn.images >= before
        assert len(drawn.trials) <= 80
    pick = pick_of(drawn)
    assert pick is not None
    assert missing_images(drawn, pick.point, OFF) == []


def least_weight_sampler() -> LeastWeight:
    sampler = least_weight()
    assert isinstance(sampler, LeastWeight)
    return sampler


@pytest.mark.parametrize("budget", [5, 8, 13, 21])
@pytest.mark.parametrize("name", ["least-weight", "random", "diagonal"])
def test_no_budget_is_exceeded_and_no_image_drawn_twice(budget: int, name: str) -> None:
    samplers: dict[str, Sampler] = {"random": OptunaSampler("random", 1), "diagonal": DiagonalSampler()}
    drawn, _ = searched(world(0.5, 2.0), samplers.get(name) or least_weight(), budget)
    keys = [j.point.key() for j in drawn.trials]
    assert drawn.images <= budget
    assert len(keys) == len(set(keys))


def test_a_search_that_was_cut_off_goes_on_as_if_undisturbed() -> None:
    judge = world(0.5, 2.0)
    whole, uses = searched(judge, least_weight(), 40)
    for cut in range(1, uses.index("higher") if "higher" in uses else len(uses)):
        begun = Drawn(whole.trials[:cut], whole.phases[:cut], {}, whole.lower_of)
        again = next_images(SPACE, begun, SearchSettings(START, 40), least_weight(), off=OFF)
        assert not isinstance(again, RobustnessImage)
        assert [p.point.key() for p in again] == [whole.trials[cut].point.key()]


def test_what_is_only_expected_to_be_feasible_is_not_the_best() -> None:
    judge = world(0.5, 9.0)
    real = judge(SPACE.point(dict.fromkeys(NAMES, 0.8)))
    believed = replace(judge(SPACE.point(dict.fromkeys(NAMES, 0.6))), pending=True)
    assert believed.feasible
    assert best([real, believed]) == real
    assert best([believed]) is None


def test_batches_end_at_the_pick_of_single_images() -> None:
    one, _ = searched(world(0.5, 9.0), least_weight(), 40)
    four, _ = searched(world(0.5, 9.0), least_weight(), 60, count=4)
    picks = [pick_of(d) for d in (one, four)]
    assert picks[0] is not None
    assert picks[1] is not None
    assert picks[0].cost == pytest.approx(picks[1].cost)


def test_the_proof_begins_with_the_step_that_is_likeliest_to_be_feasible() -> None:
    def judge(point: Point) -> Judged:
        violations = {n: {"dress": 0.79, "face": 0.30, "shoes": 0.79}[n] - w for n, w in point.weights.items()}
        return Judged(point, SPACE.cost(point), violations)

    sampler = least_weight_sampler()
    history = [judge(SPACE.point(w)) for w in (dict.fromkeys(NAMES, 0.4), dict.fromkeys(NAMES, 0.8), dict.fromkeys(NAMES, 0.6))]
    steps = [p for n in NAMES if (p := lowered(SPACE, history[1].point, n, 1)) is not None]
    assert sampler.order(SPACE, history, steps)[0] == lowered(SPACE, history[1].point, "face", 1)

"""What every sampler must do: a suite that an implementation outside this project can run too.

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_mine(check: Check) -> None:
        check(my_factory)

A check takes a factory, as the registry names it, and raises AssertionError. It imports no pytest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.prompt_edits import PromptEdit
from optimizer.search.samplers.base import ForecastingSampler, PredictingSampler, Sampler, SamplerSettings
from optimizer.search.space import Axis, Space
from optimizer.search.strategy import SearchSettings, next_proposal, next_proposals

Factory: TypeAlias = Callable[[SamplerSettings], Sampler]
Check: TypeAlias = Callable[[Factory], None]
STEP: Final = 0.1
SHOWN_FROM: Final = {"face": 0.6, "dress": 0.5, "shoes": 0.3}
"""The weight from which each LoRA shows in the checks' world."""
MOST_TOTAL: Final = 2.2
"""The total weight past which the figure breaks there."""
PLAIN: Final = Space({name: Axis(0.0, 1.0, STEP) for name in SHOWN_FROM}, given_cfg=5.0)
WITH_CFG_AND_EDITS: Final = replace(
    PLAIN, cfg=Axis(4.0, 6.0, 0.5), prompt_edits=(PromptEdit(add="white shoes"), PromptEdit(drop="dress")), prompt="1girl, dress"
)
WITH_FILES: Final = replace(PLAIN, cfg=Axis(4.0, 6.0, 0.5), files={"dress": ("dress-1", "dress-2", "dress")})
"""A LoRA of several files."""
ONE_LORA: Final = Space({"dress": Axis(0.2, 0.8, 0.05)}, given_cfg=7.0)
SPACES: Final = (PLAIN, WITH_CFG_AND_EDITS, WITH_FILES, ONE_LORA)
BUDGET: Final = 20
"""Images of a whole search."""


def check_equal_arguments_give_equal_points(make: Factory) -> None:
    """The same sampler asked again, and another one of equal settings."""
    for space in SPACES:
        sampler, again = make(settings_for(space)), make(settings_for(space))
        for history in (some_history(space), some_history(space)[:1]):
            first = _key(sampler.propose(space, history))
            assert first == _key(sampler.propose(space, history)), "asked again, it proposes another point"
            assert first == _key(again.propose(space, history)), "another sampler of equal settings proposes another point"


def check_the_history_is_left_as_it_was(make: Factory) -> None:
    history = some_history(PLAIN)
    kept = list(history)
    make(settings_for(PLAIN)).propose(PLAIN, history)
    assert history == kept, "the history was changed"


def check_points_lie_on_the_grid(make: Factory) -> None:
    """With LoRA weights alone, with CFG and prompt edits, with a LoRA of several files, and with one LoRA."""
    for space in SPACES:
        point = make(settings_for(space)).propose(space, some_history(space))
        assert point is None or on_grid(space, point), f"{point} lies off the grid"


def check_a_search_ends_within_its_budget_and_draws_nothing_twice(make: Factory) -> None:
    for space in SPACES:
        history = search(space, make(settings_for(space)))
        keys = [judged.point.key() for judged in history]
        assert len(keys) == len(set(keys)) <= BUDGET, "a point was drawn twice, or the budget was exceeded"
        assert all(on_grid(space, judged.point) for judged in history)


def check_a_forecast_is_a_probability_and_a_saving_and_changes_nothing(make: Factory) -> None:
    """Of samplers that forecast. While nothing is feasible there is no saving."""
    sampler = make(settings_for(PLAIN))
    if not isinstance(sampler, ForecastingSampler):
        return
    for history in (some_history(PLAIN), some_history(PLAIN)[:1]):
        before = _key(make(settings_for(PLAIN)).propose(PLAIN, history))
        forecast = sampler.forecast(PLAIN, history)
        assert _key(sampler.propose(PLAIN, history)) == before, "after a forecast it proposes another point"
        if forecast is not None:
            assert 0 <= forecast.feasible <= 1, f"{forecast.feasible} is no probability"
            feasible = any(judged.feasible for judged in history)
            assert (forecast.saving is not None) == feasible, "a saving is told where, and only where, something is feasible"
            assert forecast.saving is None or forecast.saving >= 0, f"{forecast.saving} is no saving"


def check_an_interrupted_search_continues_as_if_undisturbed(make: Factory) -> None:
    """A killed run hands back its stored trials to a new sampler."""
    whole = search(PLAIN, make(settings_for(PLAIN)))
    for cut in (1, len(whole) // 2, len(whole) - 1):
        proposal = next_proposal(PLAIN, whole[:cut], _search_settings(PLAIN), make(settings_for(PLAIN)))
        assert proposal is not None
        assert proposal.point.key() == whole[cut].point.key(), f"after {cut} trials it goes on elsewhere"


def check_a_batch_holds_different_points(make: Factory) -> None:
    history = some_history(PLAIN)
    batch = next_proposals(PLAIN, history, _search_settings(PLAIN), make(settings_for(PLAIN)), 3)
    keys = [p.point.key() for p in batch]
    assert len(keys) == len(set(keys))
    assert not set(keys) & {judged.point.key() for judged in history}


def check_predictions_are_judged_points(make: Factory) -> None:
    """For samplers that predict: each point with its cost, and finite violations that follow from the arguments alone."""
    for space in SPACES:
        sampler, history = make(settings_for(space)), some_history(space)
        if not isinstance(sampler, PredictingSampler):
            return
        points = [judge(space, level).point for level in (0.35, 0.75)]
        predicted = sampler.predict(space, history, points)
        assert [p.point for p in predicted] == points
        assert [p.cost for p in predicted] == [space.cost(point) for point in points]
        assert all(set(history[0].violations) <= set(p.violations) for p in predicted)
        assert all(math.isfinite(violation) for p in predicted for violation in p.violations.values())
        assert predicted == sampler.predict(space, history, points)
        assert sampler.predict(space, history, []) == []


def check_never_proposes_a_drawn_point(make: Factory) -> None:
    """Not among CHECKS: a sampler may state that it repeats points, which the strategy then passes over."""
    for space in SPACES:
        sampler = make(settings_for(space))
        history = some_history(space)
        while len(history) < BUDGET and (point := sampler.propose(space, history)) is not None:
            assert point.key() not in {judged.point.key() for judged in history}, f"{point} was drawn already"
            history.append(judge_point(space, point))


CHECKS: Final[Sequence[Check]] = (
    check_equal_arguments_give_equal_points,
    check_the_history_is_left_as_it_was,
    check_points_lie_on_the_grid,
    check_a_search_ends_within_its_budget_and_draws_nothing_twice,
    check_an_interrupted_search_continues_as_if_undisturbed,
    check_a_batch_holds_different_points,
    check_predictions_are_judged_points,
    check_a_forecast_is_a_probability_and_a_saving_and_changes_nothing,
)


def settings_for(space: Space) -> SamplerSettings:
    return SamplerSettings(space, judge(space, 0.4).point, seed=3, require=dict.fromkeys(space.weights, 0.7))


def judge(space: Space, level: float) -> Judged:
    """All weights at `level` of their axes."""
    return judge_point(space, space.point({name: a.low + level * (a.high - a.low) for name, a in space.weights.items()}))


def judge_point(space: Space, point: Point) -> Judged:
    """The checks' world: each LoRA shows from a weight on, and the figure breaks past a total."""
    violations = {name: SHOWN_FROM[name] - weight for name, weight in point.weights.items()}
    return Judged(point, space.cost(point), {**violations, "figure": sum(point.weights.values()) - MOST_TOTAL})


def some_history(space: Space) -> list[Judged]:
    return [judge(space, level) for level in (0.4, 0.8, 0.6)]


def search(space: Space, sampler: Sampler) -> list[Judged]:
    """A whole search, proof included."""
    history: list[Judged] = []
    while proposal := next_proposal(space, history, _search_settings(space), sampler):
        history.append(judge_point(space, proposal.point))
    return history


def on_grid(space: Space, point: Point) -> bool:
    return point.key() == space.from_params(space.params(point)).key()


def _search_settings(space: Space) -> SearchSettings:
    return SearchSettings(judge(space, 0.4).point, BUDGET, require=dict.fromkeys(space.weights, 0.7))


def _key(point: Point | None) -> tuple[object, ...] | None:
    return None if point is None else point.key()

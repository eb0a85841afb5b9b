"""Words instead of weight: how they change a prompt, what they cost, and that a search finds the one that pays."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best
from optimizer.search.least_weight.candidates import axes_of, candidates, cost_of, point_of, row_of
from optimizer.search.least_weight.sampler import LeastWeight
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.prompt_edits import PromptEdit
from optimizer.search.proof import proof_of
from optimizer.search.space import Axis, Space
from optimizer.search.strategy import SearchSettings, next_proposal

PROMPT = "1girl, pink dress, myshoes"
EDITS = (PromptEdit(add="white shoes"), PromptEdit(drop="myshoes"), PromptEdit("red dress", "pink dress"))
SPACE = Space(
    {"dress": Axis(0.0, 1.0, 0.1), "shoes": Axis(0.0, 1.0, 0.1)}, 7.0, Axis(6.0, 8.0, 0.5), prompt_edits=EDITS, prompt=PROMPT
)


def test_words_are_added_at_the_end_dropped_and_replaced_in_place() -> None:
    assert [edit.apply(PROMPT) for edit in EDITS] == [
        "1girl, pink dress, myshoes, white shoes",
        "1girl, pink dress",
        "1girl, red dress, myshoes",
    ]
    assert [edit.name for edit in EDITS] == ["add white shoes", "drop myshoes", "pink dress to red dress"]
    assert PromptEdit(drop="MYSHOES").fits(PROMPT)
    assert not PromptEdit(drop="shoes").fits(PROMPT)


@given(
    st.fixed_dictionaries({"dress": st.integers(0, 10), "shoes": st.integers(0, 10)}),
    st.integers(0, 4),
    st.sets(st.sampled_from([edit.name for edit in EDITS])),
)
def test_rows_parameters_and_points_are_the_same_thing(weights: dict[str, int], cfg: int, edited: set[str]) -> None:
    point = SPACE.point({n: k / 10 for n, k in weights.items()}, 6 + cfg / 2, edited)
    assert SPACE.from_params(SPACE.params(point)) == point
    assert set(SPACE.params(point)) == set(SPACE.distributions())
    row = row_of(SPACE, point)
    assert len(row) == len(axes_of(SPACE)) == 6
    assert point_of(SPACE, row) == point
    assert cost_of(SPACE, row[None])[0] == pytest.approx(SPACE.cost(point))
    assert (point.prompt == "") == (not edited)


def test_each_edit_costs_its_price_and_draws_another_image() -> None:
    plain = SPACE.point({"dress": 0.4, "shoes": 0.4}, 7.0)
    edited = SPACE.point({"dress": 0.4, "shoes": 0.4}, 7.0, {"add white shoes", "drop myshoes"})
    assert SPACE.cost(edited) - SPACE.cost(plain) == pytest.approx(2 * SPACE.edit_price)
    assert edited.prompt == "1girl, pink dress, white shoes"
    assert edited.key() != plain.key()
    held = candidates(SPACE, [plain], 0)
    assert len(np.unique(held.values, axis=0)) == 11 * 11 * 5 * 8


def test_a_word_that_saves_weight_is_found_and_kept_in_the_proof() -> None:
    """With white shoes in the prompt, the shoes show at 0.15 and not at 0.55."""
    grid = Space(SPACE.weights, 7.0, prompt_edits=EDITS[:1], prompt=PROMPT)

    def judged(point: Point) -> Judged:
        ends = {"dress": 0.35, "shoes": 0.15 if point.prompt_edits else 0.55}
        violations = {n: 0.7 - 1 / (1 + math.exp(-30 * (w - ends[n]))) for n, w in point.weights.items()}
        return Judged(point, grid.cost(point), violations | {"hands": -0.3})

    history: list[Judged] = []
    sampler = LeastWeight(priors_from(grid, []))
    settings = SearchSettings(grid.point({"dress": 0.5, "shoes": 0.5}), budget=40)
    while proposal := next_proposal(grid, history, settings, sampler):
        history.append(judged(proposal.point))
    pick = best(history)
    assert pick is not None
    assert pick.point.prompt_edits == ("add white shoes",)
    assert pick.cost == pytest.approx(0.4 + 0.2 + grid.edit_price, abs=0.11)
    proof = proof_of(grid, pick, history)
    assert proof.complete
    assert all(step is not None and step.point.prompt_edits == pick.point.prompt_edits for step in proof.steps.values())

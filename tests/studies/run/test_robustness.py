"""Robustness of a pick at w +- 0.02: rendered, judged, reported, and not rendered again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.errors import InputError
from optimizer.point import Job
from optimizer.search.robustness import neighbours
from optimizer.search.verdict import Verdict
from studies.report.verdict import describe
from studies.run.calibration import calibrate
from studies.run.outcome import Outcome
from studies.run.stored_results import stored
from studies.run.trials import stored_outcome
from studies.testing.dying_renderer import Ended, Mortal
from studies.testing.lab_study import SPEC, run, study_in
from studies.testing.painting_renderer import Painter

LEAST = {**SPEC["search"], "sampler": "least-weight", "robustness": 0.02}
RANDOM = {**LEAST, "sampler": "random"}


def test_the_pick_was_tried_lower_and_higher_and_says_so(tmp_path: Path) -> None:
    outcome = run(study_in(tmp_path, search=LEAST), budget=24)
    assert outcome.pick
    robustness = outcome.record(outcome.pick).robustness
    assert robustness
    assert robustness.holds
    by = {side: judged.cost - outcome.pick.cost for side, judged in robustness.neighbours.items()}
    assert {side: round(v, 6) for side, v in by.items()} == {"lower": -0.04, "higher": 0.04}
    assert outcome.proof
    assert outcome.proof.complete
    assert "  robustness holds with all weights 0.02 lower and higher" in describe(outcome)
    told = outcome.as_json()["robustness"]
    assert told == {"off": 0.02, "holds": True, "breaks": {"lower": [], "higher": []}}


def test_a_point_whose_neighbours_break_is_passed_over(tmp_path: Path) -> None:
    strict = run(study_in(tmp_path / "strict", search=LEAST), budget=24)
    lax = run(study_in(tmp_path / "lax", search={**LEAST, "robustness": 0}), budget=24)
    assert strict.pick
    assert lax.pick
    assert lax.record(lax.pick).robustness is None
    assert strict.pick.cost >= lax.pick.cost
    passed = [t for t in strict.trials if t.robustness and not t.robustness.holds]
    assert all(t.breaks() for t in passed)


def test_neighbours_are_found_again_without_drawing(tmp_path: Path) -> None:
    first = run(study_in(tmp_path, search=LEAST), budget=24)
    renderer = Painter()
    study = study_in(tmp_path, renderer=renderer, search=LEAST)
    judge = calibrate(study, 7).judge
    again = stored_outcome(study, 7, judge)
    assert (again.pick, [t.robustness for t in again.trials]) == (first.pick, [t.robustness for t in first.trials])
    assert run(study_in(tmp_path, renderer=renderer, search=LEAST), budget=24).pick == first.pick
    assert renderer.calls == []


def test_batches_find_a_pick_with_its_proof_too(tmp_path: Path) -> None:
    one = run(study_in(tmp_path / "one", search=LEAST), budget=40)
    four = run(study_in(tmp_path / "four", search={**LEAST, "batch": 4}), budget=40)
    assert one.pick
    assert four.pick
    assert four.pick.cost <= one.pick.cost + 0.1
    keys = [t.judged.point.key() for t in four.trials]
    assert len(keys) == len(set(keys))
    assert four.proof
    assert four.proof.complete


def test_levers_are_searched_stored_and_found_again(tmp_path: Path) -> None:
    search = {**LEAST, "levers": {"add": ["pink dress"], "drop": ["testdress"]}}
    first = run(study_in(tmp_path, search=search), budget=14)
    assert any(trial.judged.point.prompt_edits for trial in first.trials)
    renderer = Painter()
    study = study_in(tmp_path, renderer=renderer, search=search)
    judge = calibrate(study, 7).judge
    again = stored_outcome(study, 7, judge)
    assert [t.judged for t in again.trials] == [t.judged for t in first.trials]
    assert renderer.calls == []
    assert all((t.judged.point.prompt != "") == bool(t.judged.point.prompt_edits) for t in again.trials)


def test_where_nothing_is_feasible_the_verdict_names_what_blocks_the_best_word_and_what_next(tmp_path: Path) -> None:
    search = {**LEAST, "require": {"dress": 1.4, "shoes": 0.4}, "levers": {"add": ["pink dress"]}}
    outcome = run(study_in(tmp_path, search=search), budget=12)
    assert outcome.pick is None
    told = "\n".join(describe(outcome))
    assert "  verdict    no weights meet every requirement" in told
    assert "blocked by dress" in told
    assert "best lever add pink dress: dress misses by 0.4" in told
    assert "ControlNet is the last resort" in told


def images(outcome: Outcome) -> int:
    """One that is a trial and a neighbour was drawn once."""
    beside = [judged for t in outcome.trials if t.robustness for judged in t.robustness.neighbours.values()]
    return len({judged.point.key() for judged in [*(t.judged for t in outcome.trials), *beside]})


@pytest.mark.parametrize(("search", "budget"), [(LEAST, 5), (LEAST, 12), (RANDOM, 6), (RANDOM, 9), (RANDOM, 14), (RANDOM, 20)])
def test_a_pick_has_its_robustness_within_the_budget_however_small(tmp_path: Path, search: dict[str, Any], budget: int) -> None:
    outcome = run(study_in(tmp_path, search=search), budget=budget)
    assert outcome.pick
    assert outcome.pick.feasible
    robustness = outcome.record(outcome.pick).robustness
    assert robustness
    assert robustness.holds
    assert images(outcome) <= budget


def test_the_least_budget_is_for_the_start_its_robustness_and_its_proof(tmp_path: Path) -> None:
    required = {"dress": 0.57, "shoes": 0.57}
    outcome = run(study_in(tmp_path, search={**LEAST, "require": required}), budget=5)
    assert [t.phase for t in outcome.trials] == ["start", "proof", "proof"]
    assert outcome.pick
    assert outcome.proof
    assert outcome.proof.complete
    assert outcome.as_json()["robustness"] == {"off": 0.02, "holds": True, "breaks": {"lower": [], "higher": []}}


def test_a_budget_for_no_robustness_says_that_it_is_missing(tmp_path: Path) -> None:
    outcome = run(study_in(tmp_path, search=LEAST), budget=2)
    assert outcome.pick
    assert outcome.proof
    assert not outcome.proof.complete
    told = describe(outcome)
    assert "  robustness not drawn, the budget ended" in told
    assert "  proof      not complete" in told
    assert outcome.as_json()["robustness"] == {"off": 0.02, "holds": None, "breaks": {}}
    assert outcome.as_json()["margin"] == outcome.as_json()["robustness"]


def test_a_lower_point_without_its_robustness_does_not_take_the_place_of_one_that_holds(tmp_path: Path) -> None:
    outcome = run(study_in(tmp_path, search=LEAST), budget=4)
    assert outcome.pick
    assert outcome.record(outcome.pick).phase == "start"
    assert any(t.judged.feasible and t.judged.cost < outcome.pick.cost for t in outcome.trials)
    assert any(line.startswith("  proof") and line.endswith(Verdict.UNCHECKED.word) for line in describe(outcome))


def test_neighbours_of_a_point_that_left_the_cache_are_missed_and_drawn_again(tmp_path: Path) -> None:
    first = run(study_in(tmp_path, search=RANDOM), budget=14)
    study = study_in(tmp_path, search=RANDOM)
    trials = {t.judged.point.key() for t in first.trials}
    sides = [p for t in first.trials if t.robustness for p in neighbours(t.judged.point, 0.02).values()]
    gone = [p for p in sides if p.key() not in trials and study.evaluator.place(Job(7, p)).exists()]
    assert gone
    for point in gone:
        study.evaluator.place(Job(7, point)).unlink()
    with pytest.raises(InputError, match=f"{len(gone)} images of it are not in the workspace"):
        stored(study, 7)
    renderer = Painter()
    again = run(study_in(tmp_path, renderer=renderer, search=RANDOM), budget=14)
    assert replace(again, stopped="") == replace(first, stopped="")
    assert {p.key() for _, p in renderer.calls} == {p.key() for p in gone}


@pytest.mark.parametrize("count", [10, 13, 15])
def test_a_run_that_ended_anywhere_finds_the_same_robustness(tmp_path: Path, count: int) -> None:
    undisturbed = run(study_in(tmp_path / "whole", search=RANDOM), budget=14)
    with pytest.raises(Ended):
        run(study_in(tmp_path / "cut", renderer=Mortal(left=count), search=RANDOM), budget=14)
    resumed = run(study_in(tmp_path / "cut", search=RANDOM), budget=14)
    assert [(t.judged, t.robustness) for t in resumed.trials] == [(t.judged, t.robustness) for t in undisturbed.trials]


def test_points_are_drawn_slightly_lower_first_and_found_again_so(tmp_path: Path) -> None:
    first = run(study_in(tmp_path, search=LEAST), budget=24)
    probes = [t for t in first.trials if t.lower_of is not None]
    assert probes
    for t in probes:
        assert t.lower_of is not None
        assert t.judged.point.key() == neighbours(t.lower_of, 0.02)["lower"].key()
    study = study_in(tmp_path, search=LEAST)
    again = stored_outcome(study, 7, calibrate(study, 7).judge)
    assert [(t.number, t.judged, t.lower_of) for t in again.trials] == [(t.number, t.judged, t.lower_of) for t in first.trials]
    assert first.proof
    lower = [step for step in first.proof.steps.values() if step is not None and first.below(step)]
    assert lower
    for step in lower:
        record = first.record(step)
        assert record.lower_of is not None
        assert record.lower_of.key() == step.point.key()
        assert f"and all weights 0.02 below that (trial {record.number}), breaks" in "\n".join(describe(first))


def test_a_study_without_robustness_goes_on_with_trials_between_its_steps(tmp_path: Path) -> None:
    first = run(study_in(tmp_path, search=LEAST), budget=24)
    renderer = Painter()
    lax = run(study_in(tmp_path, renderer=renderer, search={**LEAST, "robustness": 0}), budget=40)
    assert first.pick
    assert lax.pick
    assert lax.pick.cost <= first.pick.cost
    assert {t.judged.point.key() for t in first.trials} <= {t.judged.point.key() for t in lax.trials}
    assert all(key.key() not in {t.judged.point.key() for t in first.trials} for _, key in renderer.calls)

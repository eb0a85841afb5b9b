"""A pick holds where its weights are a little off: drawn, judged, told, and not drawn again."""

from __future__ import annotations

from pathlib import Path

from studies.cli.show import describe
from studies.running import judge_for, stored_outcome
from tests.studies.painter import Painter
from tests.studies.study_in import SPEC, run, study_in

LEAST = {**SPEC["search"], "sampler": "least-weight"}


def test_the_pick_was_tried_lower_and_higher_and_says_so(tmp_path: Path) -> None:
    outcome = run(study_in(tmp_path, search=LEAST), budget=40)
    assert outcome.pick
    margin = outcome.record(outcome.pick).margin
    assert margin
    assert margin.holds
    by = {side: judged.cost - outcome.pick.cost for side, judged in margin.sides.items()}
    assert {side: round(v, 6) for side, v in by.items()} == {"lower": -0.04, "higher": 0.04}
    assert outcome.proof
    assert outcome.proof.complete
    assert "  margin     holds with all weights 0.02 lower and higher" in describe(outcome)
    told = outcome.as_json()["margin"]
    assert told == {"off": 0.02, "holds": True, "breaks": {"lower": [], "higher": []}}


def test_a_point_that_breaks_beside_itself_is_passed_over(tmp_path: Path) -> None:
    strict = run(study_in(tmp_path / "strict", search=LEAST), budget=24)
    lax = run(study_in(tmp_path / "lax", search={**LEAST, "margin": 0}), budget=24)
    assert strict.pick
    assert lax.pick
    assert lax.record(lax.pick).margin is None
    assert strict.pick.cost >= lax.pick.cost
    passed = [t for t in strict.trials if t.margin and not t.margin.holds]
    assert all(t.breaks() for t in passed)


def test_what_lies_beside_is_found_again_without_drawing(tmp_path: Path) -> None:
    first = run(study_in(tmp_path, search=LEAST), budget=24)
    renderer = Painter()
    study = study_in(tmp_path, renderer=renderer, search=LEAST)
    judge, _ = judge_for(study, 7, lambda: None)
    again = stored_outcome(study, 7, judge)
    assert (again.pick, [t.margin for t in again.trials]) == (first.pick, [t.margin for t in first.trials])
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
    assert any(trial.judged.point.levers for trial in first.trials)
    renderer = Painter()
    study = study_in(tmp_path, renderer=renderer, search=search)
    judge, _ = judge_for(study, 7, lambda: None)
    again = stored_outcome(study, 7, judge)
    assert [t.judged for t in again.trials] == [t.judged for t in first.trials]
    assert renderer.calls == []
    assert all((t.judged.point.prompt != "") == bool(t.judged.point.levers) for t in again.trials)


def test_where_nothing_is_feasible_the_verdict_names_what_blocks_the_best_word_and_what_next(tmp_path: Path) -> None:
    search = {**LEAST, "require": {"dress": 1.4, "shoes": 0.4}, "levers": {"add": ["pink dress"]}}
    outcome = run(study_in(tmp_path, search=search), budget=12)
    assert outcome.pick is None
    told = "\n".join(describe(outcome))
    assert "nothing is feasible" in told
    assert "blocked by dress" in told
    assert "best lever add pink dress: dress misses by 0.4" in told
    assert "ControlNet is the last resort" in told

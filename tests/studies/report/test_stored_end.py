"""Why a search ended, told of what is stored: by `show` long after the run."""

from __future__ import annotations

from pathlib import Path

from studies.pipeline import run_study
from studies.report.verdict import describe
from studies.run.stored_results import stored
from studies.testing.fake_study import fake_study
from studies.tracking.memory import MemoryTracker


def stopped(lines: list[str]) -> list[str]:
    return [line.split(None, 1)[1] for line in lines if line.startswith("  stopped")]


def test_a_proof_that_is_complete_and_a_budget_that_is_used_up(tmp_path: Path) -> None:
    study = fake_study(tmp_path)
    for trials, why in ((5, "the budget of 5 images is used up"), (40, "the proof is complete")):
        (outcome,) = run_study(study, [7], trials=trials, tracker=MemoryTracker())
        assert why in stopped(describe(outcome))[0]
        assert stopped(describe(stored(study, 7).outcome)) == [why]

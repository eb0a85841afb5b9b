"""Why a search ended, told of what is stored: by `show` long after the run."""

from __future__ import annotations

from pathlib import Path

from studies.report.verdict import describe
from studies.run.calibration import calibrate
from studies.run.outcome import Outcome
from studies.run.trials import stored_outcome
from studies.testing.lab_study import SPEC, run, study_in

LEAST = {**SPEC["search"], "sampler": "least-weight", "robustness": 0.02}


def stopped(outcome: Outcome) -> str:
    (line,) = [line for line in describe(outcome) if line.startswith("  stopped")]
    return line.split(None, 1)[1]


def test_what_is_stored_says_what_the_run_said(tmp_path: Path) -> None:
    study = study_in(tmp_path, search=LEAST)
    told = []
    for budget in (2, 24):
        ran = stopped(run(study, budget=budget))
        told.append(stopped(stored_outcome(study, 7, calibrate(study, 7).judge)))
        assert ran.startswith(told[-1])
    assert told[0] == "the budget of 2 images is used up"
    assert told[1] != told[0]


def test_a_search_that_goes_on_or_was_killed_has_not_stopped(tmp_path: Path) -> None:
    study = study_in(tmp_path, search=LEAST)
    run(study, budget=6)
    killed = study_in(tmp_path, search={**LEAST, "require": {"dress": 0.5, "shoes": 0.4}})
    assert not any("stopped" in line for line in describe(stored_outcome(killed, 7, calibrate(killed, 7).judge)))

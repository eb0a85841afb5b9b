"""A LoRA of which no weight shows anything: the search does not draw images that cannot be feasible, and names the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scorers.testing.fake_observer import FakeObserver, Shown
from studies.report.verdict import describe
from studies.run.calibration import calibrate
from studies.run.outcome import Outcome
from studies.run.trials import stored_outcome
from studies.study import Study
from studies.testing.lab_study import run, seen, study_in


def barefoot(image: Image.Image) -> Shown:
    return Shown(clothing=seen(image).clothing, shoes=0.0)


def study_without_shoes(folder: Path, **search: Any) -> Study:
    return study_in(folder, observer=FakeObserver(barefoot), search={"require": {"dress": 0.4, **search}, "robustness": 0})


@pytest.fixture
def outcome(tmp_path: Path) -> Outcome:
    return run(study_without_shoes(tmp_path, shoes=0.4), budget=12)


def test_only_the_start_is_drawn(outcome: Outcome) -> None:
    assert [trial.phase for trial in outcome.trials] == ["start"]
    assert outcome.pick is None
    assert outcome.unmeasurable == ("shoes",)
    assert outcome.as_json()["unmeasurable"] == ["shoes"]


def test_people_read_why_and_what_to_do(outcome: Outcome) -> None:
    printed = "\n".join(describe(outcome))
    assert "nothing can be feasible" in printed
    assert "unseen     shoes: neither alone nor in the start image does it show more than its noise" in printed
    assert "stopped    no weight can be found for shoes here" in printed
    assert "misses by" not in printed


def test_going_on_draws_nothing_more_and_show_reports_the_same(tmp_path: Path, outcome: Outcome) -> None:
    again = study_without_shoes(tmp_path, shoes=0.4)
    assert len(run(again, budget=20).trials) == 1
    judge = calibrate(again, 7).judge
    assert stored_outcome(again, 7, judge).unmeasurable == ("shoes",)


def test_a_lora_that_need_not_show_hinders_nothing(tmp_path: Path) -> None:
    found = run(study_without_shoes(tmp_path, shoes=0.0), budget=12)
    assert found.unmeasurable == ()
    assert found.pick is not None

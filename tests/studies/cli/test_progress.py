"""How a run is displayed: JSON events for programs, one view on a terminal, lines elsewhere."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from optimizer.search.samplers.base import Forecast
from studies.callback import RunCallback, SeedPlan, TrialEvent
from studies.cli.app import app
from studies.cli.progress.estimate import Estimate
from studies.cli.progress.json_events import JsonEvents
from studies.cli.progress.live_view import LiveView
from studies.cli.progress.plain_lines import PlainLines, _Seed, forecast_words
from studies.pipeline import run_seeds_together
from studies.run.calibration import calibrate
from studies.run.outcome import Outcome
from studies.run.seed_search import run_seed
from studies.study import Study
from studies.testing.fake_study import fake_study
from studies.testing.free_lease import FreeLease
from studies.testing.lab_study import SPEC, study_in
from studies.tracking.memory import MemoryTracker

SEED = 7


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    study = fake_study(tmp_path / "study")
    monkeypatch.setattr("studies.cli.run.open_study", lambda path, workspace, *seeds: study)
    monkeypatch.setattr("studies.tracking.study_tracker.open_study_tracker", lambda opened: MemoryTracker())
    return study.root


def run(folder: Path, *words: str) -> Any:
    found = CliRunner().invoke(app, ["run", str(folder), "--trials", "8", *words])
    assert found.exit_code == 0, found.output
    return found


def test_events_are_one_json_object_a_line_from_plan_to_done(folder: Path) -> None:
    events = [json.loads(line) for line in run(folder, "--json").stdout.splitlines()]
    names = [event["event"] for event in events]
    assert names == ["plan", *["calibration"] * 4, *["trial"] * 8, "pick", "done"]
    assert events[0] == {"event": "plan", "seed": SEED, "images": 12, "stored": 0, "expected": None, "seconds": 0.0}
    assert events[4] == {"event": "calibration", "seed": SEED, "done": 4, "of": 4}
    trials = [event for event in events if event["event"] == "trial"]
    assert [trial["trial"] for trial in trials] == list(range(8))
    assert [trial["images_left"] for trial in trials] == list(range(7, -1, -1))
    assert set(trials[0]) >= {"seed", "phase", "weights", "cfg", "total_weight", "scores", "hands", "breaks", "best", "image"}
    assert set(trials[0]) >= {"images_left", "seconds_left", "next_feasible", "next_saving"}
    assert events[-2]["pick"]["total_weight"] == trials[-1]["best"]
    assert events[-1] == {"event": "done", "seeds": [SEED], "picked": [SEED]}


def test_without_a_terminal_there_are_plain_lines(folder: Path) -> None:
    lines = run(folder).stderr.splitlines()
    assert lines[0] == "seed 7: calibrate 4 images, then search: at most 12 images, about 0 s to draw, scoring not counted"
    assert "calibrate: 4 of 4" in lines
    assert sum(line.startswith("  ") and "images left" in line for line in lines) == 8
    assert not any("\x1b" in line for line in lines)


def test_slow_images_before_the_trials_are_printed_twice_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    plan, now = SeedPlan(SEED, 4, 8, 20.0), [0.0]
    seed = _Seed(plan, Estimate(plan, clock=lambda: now[0]), [SEED])
    for _ in range(4):
        now[0] += 20.0
        seed.on_calibration_image()
    assert capsys.readouterr().err.splitlines() == ["calibrate: 2 of 4", "calibrate: 4 of 4"]


def test_a_terminal_shows_the_last_trial_and_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=110, height=40, color_system="standard")
    monkeypatch.setattr("studies.cli.progress.live_view.console", lambda: screen)
    study = fake_study(tmp_path / "study")
    with LiveView().seed(SeedPlan(SEED, 4, 8, 1.5)) as seed:
        judge = calibrate(study, SEED, seed.on_calibration_image).judge
        run_seed(study, SEED, judge=judge, budget=8, tracker=MemoryTracker(), on_trial=seed.on_trial)
    seen = screen.file.getvalue()  # type: ignore[attr-defined]
    assert "calibrate 4 of 4" in seen
    assert "trial 7, 8 of at most 8" in seen
    assert "best: trial" in seen
    assert "at most 0 images left, about 0 s" in seen
    for row in ("weight dress", "total", "hands", "body"):
        assert row in seen


def together(study: Study, callback: RunCallback) -> list[Outcome]:
    return run_seeds_together(study, [7, 8], 8, MemoryTracker(), callback, FreeLease(), blurred=True)


def test_lines_of_seeds_that_are_run_together_name_their_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = together(fake_study(tmp_path / "study"), PlainLines())
    lines = capsys.readouterr().err.splitlines()
    assert [outcome.seed for outcome in outcomes] == [7, 8]
    for seed in (7, 8):
        assert sum(line.startswith(f"  seed {seed} ") and "images left" in line for line in lines) == 8


def test_seeds_that_are_run_together_stand_in_one_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=110, height=60, color_system="standard")
    monkeypatch.setattr("studies.cli.progress.live_view.console", lambda: screen)
    shown: list[list[int]] = []
    live = LiveView()

    def seen(outcome: Outcome) -> None:
        shown.append([plan.plan.seed for plan in live._running])

    monkeypatch.setattr(live, "on_pick", seen)
    together(fake_study(tmp_path / "study"), live)
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    assert text.count("trial 7, 8 of at most 8") >= 2
    assert shown == [[], []]


def test_events_of_seeds_that_are_run_together_name_their_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    together(fake_study(tmp_path / "study"), JsonEvents())
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    trials = [(event["seed"], event["trial"]) for event in events if event["event"] == "trial"]
    assert sorted(trials) == [(seed, trial) for seed in (7, 8) for trial in range(8)]
    assert trials != sorted(trials), "turn by turn"


def test_what_the_next_image_is_expected_to_bring_is_told(tmp_path: Path) -> None:
    study = study_in(tmp_path, search={**SPEC["search"], "sampler": "least-weight"})
    study.workspace.make()
    events: list[TrialEvent] = []
    judge = calibrate(study, SEED).judge
    run_seed(study, SEED, judge=judge, budget=8, tracker=MemoryTracker(), on_trial=events.append)
    forecasts = [(event.forecast, event.best) for event in events if event.forecast is not None]
    assert forecasts
    assert all(0 <= forecast.feasible <= 1 for forecast, _ in forecasts)
    assert all((forecast.saving is None) == (best is None) for forecast, best in forecasts)


def test_a_forecast_in_words() -> None:
    assert forecast_words(Forecast(0.004, None)) == "the next image is feasible with < 1%"
    assert forecast_words(Forecast(0.62, 0.081)) == "the next image is feasible with 62%, and one saves 0.08 in expectation"


def test_time_left_goes_by_the_plan_and_then_by_the_last_images() -> None:
    clock = iter((100.0, 102.0, 105.0, 107.0, 108.0))
    estimate = Estimate(SeedPlan(SEED, 3, 10, 1.0), clock=lambda: next(clock))
    assert (estimate.images_left, estimate.seconds_left) == (13, 13.0)
    estimate.on_calibration_image()
    assert estimate.images_left == 12
    for count in (4, 5, 6):
        estimate.on_trial(TrialEvent(None, None, count, 10))  # type: ignore[arg-type]
    assert estimate.images_left == 4
    assert estimate.seconds_left == pytest.approx(4 * (108 - 100) / (13 - 4))


def test_run_ends_with_status_1_where_nothing_is_feasible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = fake_study(tmp_path / "study")
    study.spec.search.require.update(face=1.5)
    monkeypatch.setattr("studies.cli.run.open_study", lambda path, workspace, *seeds: study)
    monkeypatch.setattr("studies.tracking.study_tracker.open_study_tracker", lambda opened: MemoryTracker())
    found = CliRunner().invoke(app, ["run", str(study.root), "--trials", "4", "--json"])
    assert found.exit_code == 1, found.output
    assert json.loads(found.stdout.splitlines()[-1]) == {"event": "done", "seeds": [SEED], "picked": []}

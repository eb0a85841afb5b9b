"""Every callback takes the calls of a run, and none of them swallows an error."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from studies.callback import RunCallback, SeedPlan, SilentCallback, image_counter
from studies.cli.progress.json_events import JsonEvents
from studies.cli.progress.live_view import LiveView
from studies.cli.progress.plain_lines import PlainLines
from studies.pipeline import run_study, scout_study
from studies.testing.callback_suite import CallbackSuite
from studies.testing.fake_study import fake_study
from studies.testing.recording_callback import RecordingCallback
from studies.tracking.memory import MemoryTracker


@pytest.fixture(params=[SilentCallback, RecordingCallback, PlainLines, JsonEvents, LiveView])
def callback(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> RunCallback:
    screen = Console(file=io.StringIO(), force_terminal=True, width=110, height=60)
    monkeypatch.setattr("studies.cli.progress.live_view.console", lambda: screen)
    make: Callable[[], RunCallback] = request.param
    return make()


class TestCallbacks(CallbackSuite):
    pass


def test_a_run_calls_its_callback_in_order(tmp_path: Path) -> None:
    study, callback = fake_study(tmp_path / "study"), RecordingCallback()
    (outcome,) = run_study(study, trials=6, tracker=MemoryTracker(), callback=callback)
    names = [name for name in callback.names() if name != "message"]
    assert names == ["seed", *["on_calibration_image"] * 4, *["on_trial"] * 6, "seed ended", "on_pick", "on_end"]
    assert ("seed", SeedPlan(7, 4, 6, 0.0)) in callback.calls
    assert callback.calls[-2:] == [("on_pick", outcome), ("on_end", (outcome,))]
    events = [call[2] for call in callback.calls if call[0] == "on_trial"]
    assert [event.count for event in events] == [1, 2, 3, 4, 5, 6]


def test_scouting_announces_its_images_and_counts_them(tmp_path: Path) -> None:
    callback, tracker = RecordingCallback(), MemoryTracker()
    ranked, sheet = scout_study(fake_study(tmp_path / "study"), 3, tracker=tracker, callback=callback)
    assert (len(ranked), sheet.name, set(tracker.seeds[None].artifacts)) == (3, "scout.png", {"scout.png"})
    calls = [call for call in callback.calls if call[0] != "message"]
    steps = [("advance", "scout", done, 3, "") for done in (0, 1, 2, 3)]
    assert calls == [("announce", "scout", 3, 0.0), ("progress", "scout"), *steps, ("progress ended", "scout")]


def test_an_image_counter_shows_the_total_and_then_counts_from_1() -> None:
    seen: list[tuple[int, int]] = []
    count = image_counter(lambda done, total, note="": seen.append((done, total)), 5)
    count()
    count()
    assert seen == [(0, 5), (1, 5), (2, 5)]

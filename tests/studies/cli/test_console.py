from __future__ import annotations

import pytest

from studies.cli.progress.console import plain_line, progress_bar


@pytest.mark.parametrize(
    ("done", "note", "line"),
    [
        (30, "training loss 0.123", "train dress: 30 of 120, training loss 0.123, about 15.0 min left"),
        (0, "", "train dress: 0 of 120"),
        (119, "", "train dress: 119 of 120, about 3 s left"),
    ],
)
def test_a_plain_line_estimates_the_time_left(done: int, note: str, line: str) -> None:
    assert plain_line("train dress", done, 120, note, 300.0) == line


def test_what_comes_before_the_first_step_is_no_measure_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A training encodes its images first: at one second a step 100 steps take 100 seconds more."""
    now = iter((0.0, 20.0, 60.0, 61.0, 91.0))
    with progress_bar("train shoes", clock=lambda: next(now)) as advance:
        for done in (0, 0, 1, 31):
            advance(done, 131, "")
    assert capsys.readouterr().err.splitlines() == [
        "train shoes: 0 of 131",
        "train shoes: 31 of 131, about 1.7 min left",
        "train shoes: 31 of 131",
    ]


def test_a_long_stage_is_reported_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    now = iter((0.0, 10.0, 40.0, 50.0, 75.0, 120.0))
    with progress_bar("scout", clock=lambda: next(now)) as advance:
        for done in range(1, 6):
            advance(done, 5, "")
    assert capsys.readouterr().err.splitlines() == [
        "scout: 2 of 5, about 60 s left",
        "scout: 4 of 5, about 19 s left",
        "scout: 5 of 5",
    ]

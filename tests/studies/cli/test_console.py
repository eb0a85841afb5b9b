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

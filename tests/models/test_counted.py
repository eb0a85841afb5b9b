"""Numbers of things in messages."""

from __future__ import annotations

from models.counted import counted


def test_one_is_no_plural() -> None:
    assert [counted(number, "trial") for number in (0, 1, 2)] == ["0 trials", "1 trial", "2 trials"]
    assert counted(2, "sheep", "sheep") == "2 sheep"

"""What goes on after Ctrl-C."""

from __future__ import annotations

import pytest

from studies.cli.progress import next_command


def test_a_study_that_was_made_meanwhile_is_what_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that made it would be refused: its folder is there."""
    monkeypatch.setattr(next_command, "_INSTEAD", [])
    words = ["run", "my study", "--regions", "regional"]
    assert next_command.go_on(words) == "huanhua run 'my study' --regions regional"
    next_command.go_on_with("huanhua run regional")
    assert next_command.go_on(words) == "huanhua run regional"

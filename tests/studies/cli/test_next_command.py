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


@pytest.mark.parametrize("verb", ["enlarge", "mend"])
def test_verbs_that_begin_again_do_not_say_that_they_go_on(monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    monkeypatch.setattr(next_command, "_INSTEAD", [])
    words = [verb, "study", "--seed", "7"]
    assert next_command.stopped([verb], words).endswith(f"kept. This makes all of them anew: huanhua {verb} study --seed 7")
    assert "Go on with: huanhua run study" in next_command.stopped(["run"], ["run", "study"])
    assert "Go on with: huanhua" in next_command.stopped([], ["--lang", "zh"])

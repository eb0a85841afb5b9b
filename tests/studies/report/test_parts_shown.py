"""What a pick shows part by part, in `show`, its JSON and the look-book."""

from __future__ import annotations

from pathlib import Path

from studies.report.lookbook import book_of
from studies.report.verdict import describe
from studies.testing.lab_study import run, seen, study_in
from tests.scorers.score.parts.doll import Hemless


def test_show_and_the_look_book_list_what_the_pick_shows(tmp_path: Path) -> None:
    study = study_in(tmp_path, observer=Hemless(seen))
    outcome = run(study, budget=6)
    assert outcome.pick is not None
    line = "pink middle yes, black middle yes, white lower edge no (pink where the photos are white), yellow mark, middle yes"
    assert line in "\n".join(describe(outcome))
    parts = outcome.record(outcome.pick).as_json()["parts"]
    assert list(parts) == ["dress"], "of the shoes no parts were observed"
    [page] = book_of(study, blurred=False).seeds
    assert page.pick is not None
    assert ", ".join(page.trials[page.pick].parts["dress"]) == line

"""A look-book of several people says what each reads, whose a requirement is, and whether a face is its own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dashboards.lookbook.book import DISTINCT, Requirement
from dashboards.lookbook.words import limit_text
from studies.report.lookbook import page_requirements, settings_of
from studies.study import Study
from studies.testing.fake_study import FakeWorld, opened_on
from tests.studies.regions.test_figures_of_a_study import SIZE, painted, written


def opened(folder: Path, figures: object = ("anna", "bea")) -> Study:
    return opened_on(written(folder, figures), FakeWorld(SIZE, painted))


def test_words_and_places_of_figures_are_among_the_settings(tmp_path: Path) -> None:
    settings = dict(settings_of(opened(tmp_path / "worded", {"anna": "pink dress", "bea": ""})))
    assert settings["Figures"] == "anna: pink dress; bea: –"
    assert settings["Regions"] == ("dress, face: anna's place, 1 of 2 from the left; shoes: bea's place, 2 of 2 from the left")
    assert "Figures" not in dict(settings_of(opened(tmp_path / "named")))


@pytest.mark.parametrize("second", [None, "bea"])
def test_requirements_say_whose_they_are(tmp_path: Path, second: str | None) -> None:
    of = {"face": "anna", "dress": second or "anna", "shoes": "bea"}
    study = opened_on(written(tmp_path, of=of), FakeWorld(SIZE, painted))
    found = cast(Any, SimpleNamespace(outcome=SimpleNamespace(require={"face": 0.7, "dress": 0.6}, limits=())))
    told = {one.name: limit_text(one) for one in page_requirements(study, found)}
    assert told == {"face": "anna: at least 0.70", "dress": f"{of['dress']}: at least 0.60"}, "one face cannot be another's"


def test_a_face_among_others_says_what_is_asked_of_it() -> None:
    told = limit_text(Requirement("face distinct", DISTINCT, 0.0, whose="anna"))
    assert told == "anna: at most 0: its own face, not another's"

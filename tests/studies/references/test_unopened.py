"""Photos that do not open are named before a run draws."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from studies.announce import report_places
from studies.callback import SilentCallback
from studies.observers.region_photos import RegionPhotos
from studies.references.unopened import OPENED, unopened_notes
from studies.study import Study
from studies.testing.fake_study import fake_study
from tests.studies.references.test_moved_photos import study_with_set


class Said(SilentCallback):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def message(self, text: str) -> None:
        self.lines.append(text)


def cut_short(file: Path) -> None:
    Image.effect_noise((200, 200), 90).convert("RGB").save(file)
    file.write_bytes(file.read_bytes()[:9000])


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return fake_study(tmp_path)


def test_a_run_names_photos_that_do_not_open(study: Study) -> None:
    folder = study.path(study.spec.loras["dress"].references or "")
    whole = len([*folder.iterdir()])
    assert unopened_notes(study) == {}
    cut_short(folder / "zz.jpg")
    callback = Said()
    report_places(study, callback)
    shown = f"1 of its {whole + 1} photos do not open: zz.jpg (a damaged or cut short picture); the others are compared with"
    assert f"references dress: {shown}" in callback.lines


def test_what_opens_is_kept_by_content(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    study.workspace.make()
    folder = study.path(study.spec.loras["dress"].references or "")
    cut_short(folder / "zz.jpg")
    said = unopened_notes(study)

    def fails(path: Path) -> None:
        raise AssertionError(path)

    monkeypatch.setattr("studies.references.unopened.open_photo", fails)
    assert unopened_notes(study) == said
    assert "a damaged or cut short picture" in (study.workspace.read(OPENED) or {}).values()


def test_crops_that_scorers_of_regions_look_at_are_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_with_set(tmp_path)
    crop = study.root / "data" / "dress" / "reg" / "1.png"
    cut_short(crop)
    assert unopened_notes(study) == {}, "its photos are compared with"
    scorers = study.spec.scorers.model_copy(update={"extra": {"redness": {"dress": 0.5}}})
    looked_at = Study(
        study.spec.model_copy(update={"scorers": scorers}), study.root, study.workspace, study.backend, study.models
    )
    assert "1 of its 3 photos do not open: 1.png" in unopened_notes(looked_at)["dress"]
    crop.unlink()
    assert "1.png (no such photo)" in unopened_notes(looked_at)["dress"]
    assert len(RegionPhotos("clothing", study.root / "data" / "dress").open()) == 2

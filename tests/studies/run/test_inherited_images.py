"""A study that learns from another draws no calibration image that the other one has, to the last bit, already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from studies.project.folder import MARKER, STUDIES
from studies.run.calibration import calibrate
from studies.run.ladders import LADDER, stored_ladder_seed
from studies.run.transfer import other_studies
from studies.study import Study, open_study
from studies.testing.lab_study import SPEC, painter_of, study_in
from studies.testing.painting_renderer import Painter


@dataclass
class FilePainter(Painter):
    """A Painter whose LoRAs have digests, as files do."""

    digests: Mapping[str, str] = field(default_factory=lambda: {"dress": "pink", "shoes": "white"})

    def identity(self) -> Mapping[str, Any]:
        return {**super().identity(), "loras": dict(self.digests)}


def learning(folder: Path, monkeypatch: pytest.MonkeyPatch, old: Study, digests: Mapping[str, str], **changes: Any) -> Study:
    monkeypatch.setattr("studies.run.transfer._learned", lambda study: iter([old] if study.spec.search.learn else []))
    renderer = FilePainter(digests=digests)
    return study_in(folder, renderer=renderer, search={**SPEC["search"], "learn": ["../old"]}, **changes)


@pytest.fixture
def old(tmp_path: Path) -> Study:
    study = study_in(tmp_path / "old", renderer=FilePainter())
    calibrate(study, 7)
    return study


def drawn(study: Study) -> list[dict[str, float]]:
    return [dict(point.weights) for _, point in painter_of(study).calls]


def test_only_the_new_files_ladder_and_the_start_are_drawn_after_a_swap(
    tmp_path: Path, old: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped = learning(tmp_path / "new", monkeypatch, old, {"dress": "blue", "shoes": "white"})
    calibrated = calibrate(swapped, 7)
    alone = [weights for weights in drawn(swapped) if not weights.get("shoes")]
    assert [weights["dress"] for weights in alone] == list(LADDER)
    assert len(drawn(swapped)) == len(LADDER) + 1
    fresh = study_in(tmp_path / "fresh", renderer=FilePainter(digests={"dress": "blue", "shoes": "white"}))
    assert calibrated.judge.calibrations == calibrate(fresh, 7).judge.calibrations


def test_the_same_file_under_another_name_is_found(tmp_path: Path, old: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = learning(tmp_path / "new", monkeypatch, old, {"dress": "white", "shoes": "red"})
    calibrate(renamed, 7)
    assert not [weights for weights in drawn(renamed) if weights.get("dress") and not weights.get("shoes")]


def test_another_base_gives_nothing(tmp_path: Path, old: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FilePainter, "identity", lambda self: {"base": id(self), "loras": {}})
    other = learning(tmp_path / "new", monkeypatch, old, {"dress": "pink", "shoes": "white"})
    calibrate(other, 7)
    assert len(drawn(other)) == 1 + 2 * len(LADDER) + 1


def test_ladders_are_taken_from_the_seed_at_which_they_were_drawn(
    tmp_path: Path, old: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = learning(tmp_path / "new", monkeypatch, old, {"dress": "pink", "shoes": "white"})
    calibrate(later, 8)
    assert stored_ladder_seed(later) == 7
    assert len(drawn(later)) == 2, "its own plain image and its start"


def project(folder: Path) -> Path:
    """A project folder with three studies: one to open, one beside it, one that is none."""
    (folder / MARKER).write_text("", encoding="utf-8")
    for name in ("new", "old", "broken"):
        place = folder / STUDIES / name
        (place / "workspace").mkdir(parents=True)
        text = yaml.safe_dump({**SPEC, "name": name}) if name != "broken" else "loras: ["
        (place / "study.yaml").write_text(text, encoding="utf-8")
    return folder / STUDIES / "new"


def test_the_studies_of_a_project_give_their_images_once_they_were_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = open_study(project(tmp_path))
    assert list(other_studies(new)) == []
    monkeypatch.setattr(Study, "was_opened", lambda self: True)
    assert [(other.spec.name, other.root) for other in other_studies(new)] == [("old", tmp_path)]


def test_outside_a_project_nothing_is_taken_from_the_folders_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = project(tmp_path)
    (tmp_path / MARKER).unlink()
    monkeypatch.setattr(Study, "was_opened", lambda self: True)
    assert list(other_studies(open_study(new))) == []


def test_a_study_beside_gives_its_ladders_where_they_are_the_same(
    tmp_path: Path, old: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studies.run.transfer._of_project", lambda study: iter([old]))
    beside = study_in(tmp_path / "new", renderer=FilePainter(digests={"dress": "pink", "shoes": "red"}))
    calibrate(beside, 8)
    assert stored_ladder_seed(beside) == 7
    alone = [weights for weights in drawn(beside) if weights.get("shoes") and not weights.get("dress")]
    assert len(alone) == len(LADDER), "the ladder of the shoes, which are others"
    assert len(drawn(beside)) == len(LADDER) + 2


def test_a_study_beside_that_shares_no_image_does_not_move_the_ladders(
    tmp_path: Path, old: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studies.run.transfer._of_project", lambda study: iter([old]))
    beside = study_in(tmp_path / "new", renderer=FilePainter(digests={"dress": "green", "shoes": "red"}))
    calibrate(beside, 8)
    assert stored_ladder_seed(beside) == 8

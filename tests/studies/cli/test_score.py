"""The verb `score` with a fake observer: what is printed of an image, with and without a calibrated seed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from models.boxes import ShareBox
from models.errors import InputError
from models.lora_kinds import ScoredKind
from scorers.observe.references import References
from scorers.testing.fake_observer import FakeObserver, Shown
from studies.cli.app import app
from studies.run.calibration import calibrate
from studies.study import Study
from studies.testing.lab_study import fake_backend, seen, study_of
from tests.scorers.score.parts.doll import Hemless
from tests.studies.grid.test_grid import SPEC

SEED = 7


class FirstUnused(FakeObserver):
    """Does not find the dress in the first of its photos."""

    def references_of(
        self, images: Sequence[Image.Image], kind: ScoredKind, boxes: Sequence[ShareBox] | None = None
    ) -> References:
        found = super().references_of(images, kind, boxes)
        return replace(found, unused=(0,)) if kind == "clothing" else found


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    for folder in ("dress", "shoes"):
        (tmp_path / folder).mkdir()
        for name in ("a.png", "b.png"):
            Image.new("RGB", (8, 12), "red").save(tmp_path / folder / name)
    study = study_of(SPEC, tmp_path, observer=FirstUnused(seen))
    monkeypatch.setattr("studies.cli.score.open_study", lambda path, workspace, *seeds: study)
    return study


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Shows 0.8 of the dress and 0.2 of the shoes."""
    path = tmp_path / "mine.png"
    Image.new("RGB", (64, 96), (204, 51, 0)).save(path)
    return path


def run(*words: object) -> Any:
    found = CliRunner().invoke(app, ["score", *map(str, words), "--study", "study.yaml"])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def as_json(*words: object) -> dict[str, Any]:
    printed: dict[str, Any] = json.loads(run(*words, "--json").stdout)
    return printed


def test_raw_scores_regions_and_matches_are_printed_without_a_seed(study: Study, image: Path, tmp_path: Path) -> None:
    found = as_json(image)
    one = found["images"][0]
    assert found["seed"] is None
    assert one["raw"] == {"dress": pytest.approx(0.8, abs=0.01), "shoes": pytest.approx(0.2, abs=0.01)}
    assert one["calibrated"] is None
    assert one["matched"] == {"dress": str(tmp_path / "dress" / "b.png"), "shoes": str(tmp_path / "shoes" / "a.png")}
    assert one["regions"]["clothing"] == [0.25, 0.25, 0.75, 0.75]
    assert one["hands_seen"] == [{"box": [0.25, 0.25, 0.75, 0.75], "size": 40.0, "broken": 0.0}]
    with Image.open(one["picture"]) as picture:
        assert picture.height > 384
    assert Path(one["picture"]) == study.workspace.pictures / "score-mine.png"


def test_a_calibrated_seed_gives_scores_between_0_and_1_and_what_breaks(study: Study, image: Path) -> None:
    study.workspace.make()
    calibrate(study, SEED)
    one = as_json(image, "--seed", SEED)["images"][0]
    assert one["calibrated"] == {"dress": pytest.approx(0.8, abs=0.01), "shoes": pytest.approx(0.2, abs=0.01)}
    assert one["breaks"] == ["shoes"]
    text = run(image, "--seed", SEED).stdout
    assert "0.20, raw 0.200, needs 0.4, nearest a.png" in text
    assert "breaks     shoes" in text


def test_a_seed_that_was_not_calibrated_is_refused(study: Study, image: Path) -> None:
    with pytest.raises(InputError, match="not calibrated"):
        run(image, "--seed", SEED)
    assert not study.workspace.pictures.exists()


def test_bad_images_are_reported_one_a_line_and_the_others_are_scored(study: Study, image: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.png"
    cut.write_bytes(image.read_bytes()[:40])
    found = run(tmp_path / "none.png", image, cut, "--json")
    assert found.exit_code == 2
    assert [line.split(":")[1].strip() for line in found.stderr.splitlines() if line.startswith("huanhua:")] == [
        "no such photo",
        "a damaged or cut short picture",
    ]
    assert [one["image"] for one in json.loads(found.stdout)["images"]] == [str(image)]


def test_images_of_one_name_get_pictures_of_their_own(study: Study, image: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    twin = tmp_path / "other" / "mine.png"
    twin.write_bytes(image.read_bytes())
    pictures = [Path(one["picture"]).name for one in as_json(image, twin)["images"]]
    assert pictures == ["score-mine.png", "score-mine-2.png"]


def test_what_an_image_lacks_is_named(study: Study, image: Path) -> None:
    fake_backend(study).observing = FakeObserver(lambda image: Shown(clothing=None, hands=None, feet=1))
    text = run(image).stdout
    assert "dress      raw 0.000, not found in the image" in text
    assert "none seen" in text
    assert "1 head, 1 foot" in text


def test_a_small_face_is_reported_as_less_sure(study: Study, image: Path) -> None:
    fake_backend(study).observing = FakeObserver(lambda image: Shown())
    assert "face       32 pixels wide" in run(image).stdout
    face = as_json(image)["images"][0]["face"]
    assert (face["width"], face["reliable"]) == (32.0, False)
    Image.new("RGB", (640, 960)).save(image)
    assert "pixels wide" not in run(image).stdout
    assert as_json(image)["images"][0]["face"]["reliable"] is True


def test_by_parts_each_is_said_in_words_and_a_wrong_colour_named(study: Study, image: Path) -> None:
    fake_backend(study).observing = Hemless(seen)
    assert "white lower edge no (pink where the photos are white)" in run(image).stdout
    parts = as_json(image)["images"][0]["parts"]["dress"]
    assert {part["part"]: part["shown"] for part in parts}["white lower edge"] == "no"
    assert next(part for part in parts if part["shown"] == "no")["instead"] == "pink"


def test_why_a_recogniser_is_unsure_is_said(study: Study, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studies.report.explain.identity_doubts", lambda observation, references: ("drawn",))
    assert "unsure: drawn" in run(image).stdout
    assert as_json(image)["images"][0]["doubts"]["dress"] == ["drawn"]

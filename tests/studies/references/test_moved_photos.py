"""Reference photos that were moved, with their training set or without it, and sets whose photos are gone or changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.boxes import PixelBox, ShareBox
from models.io.hashing import hash_path
from models.lora_kinds import ScoredKind
from scorers.observe.references import References
from scorers.testing.fake_observer import FakeObserver
from studies.references.photos import boxes_in, content_of, named_photos
from studies.references.pictures import reference_pictures
from studies.references.places import compared_with, lost_photos, place_notes
from studies.references.references import references_for
from studies.study import Study
from studies.testing.fake_study import FakeWorld, fake_study, opened_on
from trainers.prepare.manifest import NAME, Cut, Manifest, PhotoRecord, relative_folder

SIZES = [(30 + 2 * i, 60) for i in range(3)]


def set_in(folder: Path, photos: Path, *, relative: bool = True) -> Path:
    """A training set of three photos whose wearers have the widths 30, 32 and 34; its crops have 9."""
    photos.mkdir(parents=True)
    (folder / "reg").mkdir(parents=True)
    records = []
    for i, (width, height) in enumerate(SIZES):
        photo = photos / f"{i}.png"
        Image.new("RGB", (100, 200), (40 * i, 0, 90)).save(photo)
        Image.new("RGB", (9, 12)).save(folder / "reg" / photo.name)
        cut = Cut(f"reg/{photo.name}", (0, 0, 100, 200), (9, 12), (), None)
        boxes = PixelBox(10, 10, 20, 30), PixelBox(5, 5, 5 + width, 5 + height)
        records.append(PhotoRecord(photo.name, hash_path(photo), (100, 200), *boxes, cut, cut))
    place = relative_folder(photos, folder) if relative else ""
    Manifest("clothing", "dress", str(photos), 1, 1, tuple(records), (), (), "dress", place).write(folder)
    return folder


class Counting(FakeObserver):
    """Observes the pictures' sizes as embeddings."""

    def references_of(self, images: Sequence[Any], kind: ScoredKind, boxes: Sequence[ShareBox] | None = None) -> References:
        return References(kind, tuple((float(image.width), float(image.height)) for image in images))


def study_with_set(root: Path, *, relative: bool = True) -> Study:
    """Its dress is compared with the set data/dress, made from pictures/dress; both lie in the study's folder."""
    fake_study(root)
    set_in(root / "data" / "dress", root / "pictures" / "dress", relative=relative)
    text = (root / "study.yaml").read_text(encoding="utf-8")
    old = "kind: clothing, references: photos"
    assert old in text
    (root / "study.yaml").write_text(text.replace(old, "kind: clothing, references: data/dress"), encoding="utf-8")
    return reopened(root)


def reopened(root: Path) -> Study:
    study = opened_on(root, FakeWorld((64, 96)))
    study.observer = Counting()
    return study


def widths(study: Study) -> list[float]:
    return [width for width, _ in references_for(study, "dress").embeddings]


@pytest.mark.parametrize("relative", [True, False])
def test_a_study_that_moved_with_its_photos_compares_with_the_same_pictures(tmp_path: Path, relative: bool) -> None:
    study_with_set(tmp_path / "old", relative=relative)
    shutil.move(tmp_path / "old", tmp_path / "新 place" / "deeper")
    study = reopened(tmp_path / "新 place" / "deeper")
    assert widths(study) == [30, 32, 34]
    assert (compared_with(study)["dress"], place_notes(study)) == ("photos", {})
    assert lost_photos(study.root / "data" / "dress") == ""


def test_a_set_that_moved_alone_finds_its_photos_where_they_stayed(tmp_path: Path) -> None:
    set_in(tmp_path / "a" / "set", tmp_path / "photos")
    before = content_of(tmp_path / "a" / "set")
    shutil.move(tmp_path / "a" / "set", tmp_path / "b" / "c" / "d" / "set")
    moved = tmp_path / "b" / "c" / "d" / "set"
    assert [picture.width for _, picture in named_photos(moved)] == [30, 32, 34]
    assert content_of(moved) == before


def test_photos_that_are_gone_are_told_apart_from_the_crops_that_stand_in(tmp_path: Path) -> None:
    study = study_with_set(tmp_path / "study")
    before = reference_pictures(study, "dress").content
    shutil.move(study.root / "pictures", tmp_path / "elsewhere")
    study = reopened(study.root)
    assert reference_pictures(study, "dress").content != before
    assert widths(study) == [9, 9, 9]
    assert compared_with(study)["dress"] == "crops"
    note = place_notes(study, changing=True)["dress"]
    assert "3 of its 3 photos are not in" in note
    assert "its own crops are compared with" in note
    shutil.move(tmp_path / "elsewhere", study.root / "pictures")
    study = reopened(study.root)
    assert widths(study) == [30, 32, 34]
    assert (compared_with(study)["dress"], place_notes(study)) == ("photos", {})


def test_what_was_observed_in_photos_stays_when_they_are_gone(tmp_path: Path) -> None:
    study = study_with_set(tmp_path / "study")
    assert widths(study) == [30, 32, 34]
    shutil.move(study.root / "pictures", tmp_path / "elsewhere")
    (study.root / "data" / "dress" / ".DS_Store").write_bytes(b"stray")
    study = reopened(study.root)
    assert widths(study) == [30, 32, 34]
    assert compared_with(study)["dress"] == "photos"
    assert place_notes(study, changing=True) == {}
    assert "what was observed in them before is used" in place_notes(study)["dress"]
    assert len(reference_pictures(study, "dress").open()) == 3, "one for each reference, for people to see"


def test_where_some_photos_are_gone_the_others_are_used_and_a_line_says_so(tmp_path: Path) -> None:
    study = study_with_set(tmp_path / "study")
    (study.root / "pictures" / "dress" / "1.png").unlink()
    assert widths(study) == [30, 34]
    assert [box.right for box in boxes_in(study.root / "data" / "dress") or []] == pytest.approx([15 / 30, 15 / 34])
    assert "1 of its 3 photos are not in" in place_notes(study, changing=True)["dress"]
    assert compared_with(study)["dress"] == "photos"


def test_a_photo_with_another_content_is_not_the_recorded_one(tmp_path: Path) -> None:
    """Its boxes are of another picture."""
    study = study_with_set(tmp_path / "study")
    Image.new("RGB", (100, 200), "white").save(study.root / "pictures" / "dress" / "1.png")
    assert widths(study) == [30, 34]
    assert "1 of its 3 photos were changed since it was prepared (1.png)" in place_notes(study, changing=True)["dress"]


def test_a_person_may_write_where_the_photos_are_now(tmp_path: Path) -> None:
    study = study_with_set(tmp_path / "study")
    shutil.move(study.root / "pictures" / "dress", tmp_path / "album" / "夏天")
    manifest = study.root / "data" / "dress" / NAME
    for place in (str(tmp_path / "album" / "夏天"), "../../../album/夏天"):
        content = json.loads(manifest.read_text(encoding="utf-8"))
        manifest.write_text(json.dumps({**content, "folder": place}), encoding="utf-8")
        assert [picture.width for _, picture in named_photos(manifest.parent)] == [30, 32, 34]


def test_stray_files_and_edited_captions_change_no_references(tmp_path: Path) -> None:
    folder = set_in(tmp_path / "set", tmp_path / "photos")
    plain = tmp_path / "photos"
    before = content_of(folder), content_of(plain)
    for place in (folder, plain):
        (place / "Thumbs.db").write_bytes(b"stray")
        (place / "a.txt").write_text("an edited caption")
    assert (content_of(folder), content_of(plain)) == before


def test_references_that_an_earlier_version_stored_are_kept(tmp_path: Path) -> None:
    """It named them by the hash of the whole folder."""
    study = study_with_set(tmp_path / "study")
    import hashlib

    folder = hash_path(study.root / "data" / "dress")
    key = f"references-{hashlib.sha256(f'{study.observer_id} clothing {folder}'.encode()).hexdigest()[:16]}"
    study.workspace.write(key, References("clothing", ((7.0, 7.0),)).to_json())
    assert widths(study) == [7]

"""Words that the captions of a training set share."""

from __future__ import annotations

from pathlib import Path

from models.boxes import PixelBox
from studies.references.tags import shared_tags
from trainers.prepare.manifest import Cut, Manifest, PhotoRecord


def dataset_in(folder: Path, *tags: tuple[str, ...]) -> Path:
    """A training set of a photo for each caption."""
    (folder / "train").mkdir(parents=True)
    box = PixelBox(0, 0, 10, 10)
    records = []
    for number, words in enumerate(tags):
        cut = Cut(f"train/{number}.png", (0, 0, 10, 10), (10, 10), words, None)
        records.append(PhotoRecord(f"{number}.png", "0", (10, 10), box, box, cut, None))
    Manifest("clothing", "testdress", "photos", 1, 1, tuple(records), (), (), "testdress").write(folder)
    return folder


def test_tags_that_enough_captions_have_are_shared_and_taggers_may_miss_some(tmp_path: Path) -> None:
    folder = dataset_in(tmp_path, ("pink dress", "smile"), ("pink dress", "black belt"), ("black belt", "sitting"))
    assert shared_tags(folder) == ("pink dress", "black belt")


def test_what_a_person_wrote_into_captions_counts(tmp_path: Path) -> None:
    folder = dataset_in(tmp_path, ("pink dress",), ("pink dress",))
    for number in range(2):
        (folder / "train" / f"{number}.txt").write_text("testdress, golden heart", encoding="utf-8")
    assert shared_tags(folder) == ("pink dress", "testdress", "golden heart")


def test_a_plain_folder_has_no_captions(tmp_path: Path) -> None:
    assert shared_tags(tmp_path) == ()

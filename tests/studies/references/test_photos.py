"""Where reference photos say that their garment is."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from models.boxes import PixelBox
from studies.references.photos import boxes_in, named_photos
from trainers.prepare.manifest import Cut, Manifest, PhotoRecord


def dataset_in(folder: Path, photos: Path) -> Path:
    """A training set of one photo of 100 x 200, its wearer in the lower right and the thing in the wearer's middle."""
    photos.mkdir()
    folder.mkdir()
    Image.new("RGB", (100, 200), "red").save(photos / "a.png")
    (folder / "reg").mkdir()
    Image.new("RGB", (50, 100)).save(folder / "reg" / "a.png")
    cut = Cut("reg/a.png", (0, 0, 100, 200), (50, 100), (), None)
    record = PhotoRecord("a.png", "0", (100, 200), PixelBox(60, 120, 80, 160), PixelBox(40, 80, 100, 200), cut, cut)
    Manifest("clothing", "testdress", str(photos), 1, 1, (record,), (), (), "testdress").write(folder)
    return folder


def test_boxes_are_given_within_the_picture_that_is_opened(tmp_path: Path) -> None:
    dataset = dataset_in(tmp_path / "set", tmp_path / "photos")
    ((_, picture),) = named_photos(dataset)
    assert picture.size == (60, 120)
    assert boxes_in(dataset) == [(1 / 3, 1 / 3, 2 / 3, 2 / 3)]


def test_without_the_original_photos_boxes_are_those_in_the_crops(tmp_path: Path) -> None:
    dataset = dataset_in(tmp_path / "set", tmp_path / "photos")
    (tmp_path / "photos" / "a.png").unlink()
    ((_, picture),) = named_photos(dataset)
    assert picture.size == (50, 100)
    assert boxes_in(dataset) == [(0.6, 0.6, 0.8, 0.8)]


def test_a_plain_folder_does_not_say(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert boxes_in(tmp_path) is None

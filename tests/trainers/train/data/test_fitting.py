"""Folders that nobody cut for training: any size is trained, as kohya's scripts train it, and said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.boxes import PixelBox
from models.errors import InputError
from trainers.prepare.manifest import Cut, Manifest, PhotoRecord
from trainers.train.data.dataset import Dataset, read_dataset
from trainers.train.data.fitting import are_photos, fitted_box, fitted_size, open_fitted
from trainers.train.data.report import describe_dataset

RESOLUTION = (512, 768)
SIDES = st.integers(8, 6000)


def write(folder: Path, *sizes: tuple[int, int]) -> Path:
    folder.mkdir(parents=True)
    for index, size in enumerate(sizes):
        Image.new("RGB", size, (200, index, 0)).save(folder / f"{index}.png")
    return folder


def sizes(dataset: Dataset) -> list[tuple[int, int]]:
    return [picture.size for picture in dataset.pictures]


@given(SIDES, SIDES)
def test_whole_cells_no_larger_than_the_resolution_and_never_enlarged(width: int, height: int) -> None:
    size = fitted_size((width, height), RESOLUTION, 8)
    assert size[0] % 8 == size[1] % 8 == 0
    assert size[0] <= width
    assert size[1] <= height
    assert size[0] * size[1] <= 512 * 768
    if max(width, height) <= 3 * min(width, height) and width * height > 512 * 768:
        assert size[0] * size[1] >= 0.85 * 512 * 768
        assert size[0] / size[1] == pytest.approx(width / height, rel=0.11)


@given(SIDES, SIDES)
def test_without_a_resolution_pictures_are_only_cut(width: int, height: int) -> None:
    assert fitted_size((width, height), None, 8) == (width // 8 * 8, height // 8 * 8)


@pytest.mark.parametrize("layout", ["10_mybag", "train/10_mybag", "img/10_mybag woman"])
def test_a_folder_of_photos_of_any_size_is_read(tmp_path: Path, layout: str) -> None:
    write(tmp_path / layout, (3024, 4032), (1080, 1350), (500, 333), (512, 768))
    dataset = read_dataset(tmp_path, 8, RESOLUTION)
    assert sizes(dataset) == [(512, 704), (544, 672), (496, 328), (512, 768)]
    assert [p.original for p in dataset.pictures] == [(3024, 4032), (1080, 1350), (500, 333), None]
    assert {p.token.split()[0] for p in dataset.pictures} == {"mybag"}
    lines = describe_dataset(dataset, "mybag", (), {})
    assert any("3 pictures scaled down or cut to whole latent cells" in line and "544x672" in line for line in lines)


def test_the_folder_itself_may_be_given(tmp_path: Path) -> None:
    write(tmp_path / "10_mybag", (101, 203))
    assert sizes(read_dataset(tmp_path / "10_mybag", 8, RESOLUTION)) == [(96, 200)]


def test_sets_that_are_cut_for_training_are_read_as_ever(tmp_path: Path) -> None:
    write(tmp_path / "train/10_x", (512, 768), (768, 1024), (256, 384))
    with_resolution, without = (read_dataset(tmp_path, 8, resolution) for resolution in (RESOLUTION, None))
    assert with_resolution == without
    assert sizes(without) == [(512, 768), (768, 1024), (256, 384)]


def test_the_sizes_that_are_trained_are_part_of_the_hash(tmp_path: Path) -> None:
    write(tmp_path / "train/10_x", (1001, 1001))
    hashes = {read_dataset(tmp_path, 8, resolution).hash for resolution in (RESOLUTION, (512, 512), None)}
    assert len(hashes) == 3


@pytest.mark.parametrize(
    ("found", "expected"),
    [([(512, 768)], False), ([(512, 768), (513, 768)], True), ([(2048, 3072)], True), ([(1024, 1536)], False)],
)
def test_what_are_photos(found: Sequence[tuple[int, int]], expected: bool) -> None:
    assert are_photos(found, RESOLUTION, 8) == expected


def test_the_middle_is_trained_and_what_is_only_cut_is_not_resampled(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (50, 35, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    assert np.array_equal(np.asarray(open_fitted(tmp_path / "a.png", (32, 48))), noise[1:49, 1:33])
    stripes = Image.new("RGB", (400, 1200))
    stripes.paste((255, 0, 0), (0, 300, 400, 900))
    stripes.save(tmp_path / "b.png")
    assert open_fitted(tmp_path / "b.png", (100, 100)).getcolors() == [(10000, (255, 0, 0))]


def test_boxes_move_with_what_is_cut_off() -> None:
    assert fitted_box(PixelBox(1, 1, 17, 30), (35, 50), (32, 48)) == PixelBox(0, 0, 16, 29)
    assert fitted_box(PixelBox(100, 400, 300, 1200), (400, 1200), (100, 100)) == PixelBox(25, 0, 75, 100)


def test_a_picture_of_less_than_a_cell_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "10_x", (40, 5))
    with pytest.raises(InputError, match="40x5, smaller than the 8 pixels"):
        read_dataset(tmp_path, 8, RESOLUTION)


def test_a_folder_whose_repeats_a_person_changed_keeps_its_boxes_where_they_are_needed(tmp_path: Path) -> None:
    write(tmp_path / "train/10_x", (512, 768))
    cut = Cut("train/10_x/0.png", (0, 0, 512, 768), (512, 768), (), None)
    record = PhotoRecord("0.png", "", (512, 768), PixelBox(1, 2, 30, 40), PixelBox(0, 0, 50, 60), cut, None)
    Manifest("clothing", "x", "photos", 10, 1, (record,), (), (), "x").write(tmp_path)
    before = read_dataset(tmp_path, 8).pictures[0].thing
    (tmp_path / "train/10_x").rename(tmp_path / "train/20_x")
    assert read_dataset(tmp_path, 8, renamed=True).pictures[0].thing == before == PixelBox(1, 2, 30, 40)
    assert read_dataset(tmp_path, 8).pictures[0].thing is None


def test_photos_that_a_person_added_to_a_prepared_set_are_scaled_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "train/10_x", (1024, 1536), (3000, 4000))
    cut = Cut("train/10_x/0.png", (0, 0, 1024, 1536), (1024, 1536), (), None)
    record = PhotoRecord("0.png", "", (1024, 1536), PixelBox(1, 2, 30, 40), PixelBox(0, 0, 50, 60), cut, None)
    Manifest("clothing", "x", "photos", 1, 1, (record,), (), (), "x").write(tmp_path)
    assert sizes(read_dataset(tmp_path, 8, RESOLUTION)) == [(1024, 1536), (512, 704)]

"""Masks: where they lie, what they weigh, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from models.errors import InputError
from trainers.train.data.dataset import Dataset, read_dataset
from trainers.train.data.masks import mask_share, masks_hash, masks_of
from trainers.train.data.report import describe_dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("train/1_x/a.png", "train/1_x/b.png", "reg/1_x/a.png"):
        put(tmp_path / name, Image.new("RGB", (16, 8), "grey"))
    return tmp_path


def put(path: Path, image: Image.Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def half(size: tuple[int, int] = (16, 8), mode: str = "L") -> Image.Image:
    """White on the left half, black on the right."""
    image = Image.new("L", size, 0)
    image.paste(255, (0, 0, size[0] // 2, size[1]))
    return image.convert(mode)


def share(dataset: Dataset, mask: Path, index: int = 0) -> list[float]:
    found: list[float] = mask_share(dataset.pictures[index], mask, 8).flatten().tolist()
    return found


PLACES = ["train/1_x/a_mask.png", "train/masks/a.png", "train/mask/1_x/a.png", "train/conditioning/a-mask.png"]


@pytest.mark.parametrize("place", PLACES)
def test_where_masks_lie(folder: Path, place: str) -> None:
    mask = put(folder / place, half())
    read = read_dataset(folder, 8)
    assert masks_of(read, "loss") == {folder / "train/1_x/a.png": mask}
    assert masks_of(read, "unused") == {}
    assert share(read, mask) == [1, 0]


@pytest.mark.parametrize("mode", ["L", "RGB", "1", "P", "I;16"])
def test_masks_of_every_kind_weigh_alike(folder: Path, mode: str) -> None:
    image = half().convert("I").point(lambda value: value * 257).convert("I;16") if mode == "I;16" else half(mode=mode)
    mask = put(folder / "train/1_x/a_mask.png", image)
    assert share(read_dataset(folder, 8), mask) == [1, 0]


def test_a_cell_weighs_the_mean_of_its_mask(folder: Path) -> None:
    mask = half((8, 8)).resize((16, 8), Image.Resampling.NEAREST, box=(0, 0, 6, 8))
    assert share(read_dataset(folder, 8), put(folder / "train/1_x/a_mask.png", mask)) == pytest.approx([1, 0.375], abs=0.1)
    grey = put(folder / "train/1_x/b_mask.png", Image.new("L", (16, 8), 51))
    assert share(read_dataset(folder, 8), grey, 1) == pytest.approx([0.2, 0.2])
    assert torch.equal(mask_share(read_dataset(folder, 8).pictures[0], None, 8), torch.ones(1, 1, 2))


def test_a_mask_follows_its_picture_to_another_size(tmp_path: Path) -> None:
    put(tmp_path / "1_x/a.png", Image.new("RGB", (1001, 600)))
    mask = put(tmp_path / "1_x/a_mask.png", half((2002, 1200)))
    picture = read_dataset(tmp_path, 8, (128, 64)).pictures[0]
    found = mask_share(picture, mask, 8)[0]
    assert found.shape == (picture.size[1] // 8, picture.size[0] // 8)
    middle = found.shape[1] // 2
    assert bool((found[:, : middle - 1] == 1).all())
    assert bool((found[:, middle + 1 :] == 0).all())


def test_the_alpha_channel_is_a_mask(folder: Path) -> None:
    with pytest.raises(InputError, match="no picture has transparent parts"):
        masks_of(read_dataset(folder, 8), "alpha")
    picture = Image.new("RGB", (16, 8), "red")
    picture.putalpha(half())
    path = put(folder / "train/1_x/a.png", picture)
    read = read_dataset(folder, 8)
    assert masks_of(read, "alpha") == {path: path}
    assert share(read, path) == [1, 0]


@pytest.mark.parametrize(
    ("place", "image", "words"),
    [
        ("train/1_x/a_mask.png", half((16, 16)), "a mask of 16x16 for a picture of 16x8"),
        ("train/1_x/a_mask.png", Image.new("L", (16, 8)), "leaves nothing"),
        ("train/1_x/a_mask.png", half(mode="LA"), None),
        ("train/1_x/a_mask.png", Image.new("LA", (16, 8), (255, 0)), "transparent parts"),
        ("train/masks/c.png", half(), "a mask of no picture"),
        ("masks/a.png", half(), "a mask of several pictures"),
    ],
)
def test_bad_masks_are_refused_in_one_line(folder: Path, place: str, image: Image.Image, words: str | None) -> None:
    put(folder / place, image)
    read = read_dataset(folder, 8)

    def weigh() -> None:
        found = masks_of(read, "loss")
        for picture in read.pictures:
            mask_share(picture, found.get(picture.path), 8)

    if words is None:
        weigh()
        return
    with pytest.raises(InputError, match=words) as caught:
        weigh()
    assert "\n" not in str(caught.value)


def test_no_mask_and_two_masks_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="the set has no masks"):
        masks_of(read_dataset(folder, 8), "loss")
    put(folder / "train/1_x/a_mask.png", half())
    put(folder / "train/masks/a.png", half())
    with pytest.raises(InputError, match="two masks of one picture"):
        masks_of(read_dataset(folder, 8), "loss")


def test_masks_are_counted_used_or_not(folder: Path) -> None:
    put(folder / "train/masks/a.png", half())
    read = read_dataset(folder, 8)
    assert describe_dataset(read, "x", [], {})[1:] == [
        "1 masks not used: train/masks/a.png; `--set masks=loss` weights the loss by them"
    ]
    assert describe_dataset(read, "x", [], masks_of(read, "loss"))[1:] == [
        "1 of 3 pictures have a mask, which weights their loss; all of the others is learnt"
    ]


def test_other_masks_have_another_hash(folder: Path) -> None:
    mask = put(folder / "train/1_x/a_mask.png", half())
    found = masks_of(read_dataset(folder, 8), "loss")
    before = masks_hash(found)
    put(mask, Image.new("L", (16, 8), 9))
    assert masks_hash({}) == ""
    assert masks_hash(found) != before

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.boxes import PixelBox
from models.errors import InputError
from models.io.hashing import hash_path
from trainers.prepare.manifest import Cut, Manifest, PhotoRecord
from trainers.train.data.batches import batches
from trainers.train.data.dataset import Picture, read_dataset
from trainers.train.settings.variety import Variety


def put(path: Path, size: tuple[int, int] = (16, 24), caption: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size).save(path)
    if caption is not None:
        path.with_suffix(".txt").write_text(caption, encoding="utf-8-sig")


def test_kohyas_layout(tmp_path: Path) -> None:
    put(tmp_path / "train/10_testdress/a.png", caption="testdress, 裙子\n")
    put(tmp_path / "train/10_testdress/b.png")
    put(tmp_path / "reg/5_testdress/a.png", (32, 48))
    dataset = read_dataset(tmp_path, factor=8)
    assert [(p.caption, p.repeats, p.size, p.is_reg) for p in dataset.pictures] == [
        ("testdress, 裙子", 10, (16, 24), False),
        ("testdress", 10, (16, 24), False),
        ("testdress", 5, (32, 48), True),
    ]
    assert (dataset.train_samples, dataset.reg_samples) == (20, 5)
    (tmp_path / "train/10_testdress/b.txt").write_text("testdress, b")
    assert read_dataset(tmp_path, factor=8).hash != dataset.hash


def test_folders_made_for_kohya_by_hand(tmp_path: Path) -> None:
    put(tmp_path / "img/3_a b/x.png")
    assert [p.caption for p in read_dataset(tmp_path, factor=8).pictures] == ["a b"]


def test_bad_sets(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no train folder"):
        read_dataset(tmp_path, factor=8)
    (tmp_path / "train").mkdir()
    with pytest.raises(InputError, match="no folder like"):
        read_dataset(tmp_path, factor=8)
    put(tmp_path / "train/dress/a.png")
    with pytest.raises(InputError, match="without repeats"):
        read_dataset(tmp_path, factor=8)
    (tmp_path / "train/dress").rename(tmp_path / "train/2_dress")
    put(tmp_path / "train/2_dress/b.png", (7, 24))
    with pytest.raises(InputError, match="7x24"):
        read_dataset(tmp_path, factor=8)
    put(tmp_path / "train/2_dress/b.png")
    (tmp_path / "train/2_dress/b.txt").write_bytes("裙子".encode("gbk"))
    with pytest.raises(InputError, match="UTF-8"):
        read_dataset(tmp_path, factor=8)


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


def test_the_hash_reads_boxes_as_it_did_when_they_were_named_otherwise(tmp_path: Path) -> None:
    put(tmp_path / "train/1_dress/a.png")
    put(tmp_path / "train/1_dress/b.png")
    put(tmp_path / "reg/1_dress/a.png")
    boxes = PixelBox(1.1, 2, 15.7, 20), PixelBox(0, 0, 16, 24)
    cuts = [Cut(f"{folder}/1_dress/a.png", (0, 0, 16, 24), (16, 24), (), None) for folder in ("train", "reg")]
    record = PhotoRecord("a.png", "", (16, 24), *boxes, cuts[0], cuts[1])
    Manifest("clothing", "dress", "photos", 1, 1, (record,), (), (), "dress").write(tmp_path)
    found = [Box(1.1, 2.0, 15.7, 20.0), None, Box(1.1, 2.0, 15.7, 20.0)]
    parts = hash_path(tmp_path / "train"), hash_path(tmp_path / "reg"), hashlib.sha256(repr(found).encode()).hexdigest()
    assert read_dataset(tmp_path, factor=8).hash == "".join(parts)


some_pictures = st.lists(
    st.builds(
        Picture, st.just(Path("a")), st.just("x, a, b"), st.integers(1, 4), st.sampled_from([(8, 8), (16, 8)]), st.booleans()
    ),
    min_size=1,
    max_size=6,
)


@given(some_pictures, st.integers(1, 5), st.integers(1, 3))
def test_every_epoch_holds_each_picture_as_often_as_it_repeats(pictures: list[Picture], batch: int, epochs: int) -> None:
    plan = batches(pictures, batch=batch, epochs=epochs, variety=Variety(), seed=1)
    seen = [i for b in plan for i in b.pictures]
    assert sorted(seen) == sorted(i for i, p in enumerate(pictures) for _ in range(p.repeats * epochs))
    assert all(len(b.pictures) == len(b.captions) <= batch for b in plan)
    assert all(len({pictures[i].size for i in b.pictures}) == 1 for b in plan)
    assert plan == batches(pictures, batch=batch, epochs=epochs, variety=Variety(), seed=1)


def test_advice_names_what_a_set_lacks(tmp_path: Path) -> None:
    for index in range(20):
        put(tmp_path / f"train/1_x/{index}.png")
        put(tmp_path / f"reg/1_x/{index}.png")
    assert read_dataset(tmp_path, factor=8).advice == ()
    (tmp_path / "reg/1_x/0.png").unlink()
    assert [line.split(":")[0] for line in read_dataset(tmp_path, factor=8).advice] == ["19 reg pictures for 20 of train"]
    (tmp_path / "train/1_x/0.png").unlink()
    assert [line.split(";")[0] for line in read_dataset(tmp_path, factor=8).advice] == ["19 pictures to train on"]

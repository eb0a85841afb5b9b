"""What photos of any shape become: all of the thing is in its crop, or the photo is set aside with the reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from studies.report.sheets.photos import photo_sheet
from studies.training.describe import describe_prepared
from tests.trainers.prepare.test_dataset_writer import run
from trainers.prepare.dataset_writer import Prepared
from trainers.prepare.locator import Located, NoLocator
from trainers.testing.fixed_locator import FixedLocator
from trainers.train.data.dataset import read_dataset

SIZE = (512, 768)


def photo(folder: Path, name: str, size: tuple[int, int], seed: int, bars: int = 0) -> None:
    folder.mkdir(exist_ok=True)
    noise = np.random.default_rng(seed).integers(30, 225, (size[1] // 10, size[0] // 10, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((size[0], size[1] - 2 * bars), Image.Resampling.BICUBIC)
    whole = Image.new("RGB", size)
    whole.paste(image, (0, bars))
    whole.save(folder / name)


def made(tmp_path: Path, boxes: dict[str, Any], **changes: Any) -> Prepared:
    (tmp_path / "mine.json").write_text(json.dumps(boxes))
    return run(tmp_path / "photos", tmp_path / "set", size=SIZE, boxes=tmp_path / "mine.json", locator=NoLocator(), **changes)


def test_each_photo_has_the_nearest_ratio_that_holds_the_whole_thing(tmp_path: Path) -> None:
    things = {
        "sneakers.png": ((1600, 1200), [100, 500, 1500, 1100], [0, 0, 1600, 1200], (704, 512)),
        "sunglasses.png": ((1500, 600), [100, 150, 1400, 450], None, (960, 384)),
        "dress.png": ((1200, 1800), [400, 500, 800, 1200], [300, 100, 900, 1700], (512, 768)),
    }
    boxes = {}
    for seed, (name, (size, thing, wearer, _)) in enumerate(things.items()):
        photo(tmp_path / "photos", name, size, seed)
        boxes[name] = {"thing": thing, "wearer": wearer, "by": "hand"}
    prepared = made(tmp_path, boxes)
    for record in prepared.manifest.photos:
        _, thing, _, size = things[record.file]
        left, top, right, bottom = record.train.window
        assert (left <= thing[0], top <= thing[1], right >= thing[2], bottom >= thing[3]) == (True,) * 4, record.file
        assert record.train.size in (size, (size[0] // 2, size[1] // 2))
    assert {p.size for p in read_dataset(tmp_path / "set", 8).pictures} == {
        cut.size for record in prepared.manifest.photos for cut in record.cuts.values()
    }
    lines = describe_prepared(prepared)
    assert any("train: 2 of 3 crops have another ratio, since 512x768 would cut off a part" in line for line in lines)


def test_a_thing_that_fits_no_picture_is_set_aside(tmp_path: Path) -> None:
    photo(tmp_path / "photos", "belt.png", (2000, 400), 0)
    photo(tmp_path / "photos", "dress.png", (1200, 1800), 1)
    good = {"thing": [400, 500, 800, 1200], "wearer": [300, 100, 900, 1700]}
    prepared = made(tmp_path, {"belt.png": {"thing": [0, 100, 2000, 300], "wearer": None, "by": "hand"}, "dress.png": good})
    (aside,) = prepared.manifest.set_aside
    assert aside.why == "all of it fits no picture between 384x1024 and 1024x384; show more around it"
    assert not aside.doubtful


def test_a_portraits_wearer_keeps_the_head(tmp_path: Path) -> None:
    photo(tmp_path / "photos", "portrait.png", (1600, 1000), 0)
    prepared = made(tmp_path, {"portrait.png": {"thing": [500, 600, 1100, 1000], "wearer": [100, 40, 1500, 1000]}})
    (record,) = prepared.manifest.photos
    assert record.reg is not None
    assert record.reg.window[1] <= 40
    assert record.reg.window[0] <= 100
    assert record.reg.window[2] >= 1500


def test_train_and_reg_are_never_the_same_picture(tmp_path: Path) -> None:
    photo(tmp_path / "photos", "a.png", (1200, 1800), 0)
    photo(tmp_path / "photos", "b.png", (1200, 1800), 1)
    photo(tmp_path / "photos", "c.png", (1200, 1800), 2)
    boxes = {
        "a.png": {"thing": [100, 100, 1000, 1700], "wearer": [100, 100, 1000, 1700]},
        "b.png": {"thing": [10, 10, 1190, 1790], "wearer": [0, 300, 1200, 1800]},
        "c.png": {"thing": [400, 500, 800, 1200], "wearer": [300, 100, 900, 1700]},
    }
    prepared = made(tmp_path, boxes)
    assert [(record.reg is None, record.reg_missing) for record in prepared.manifest.photos] == [
        (True, "the box of the thing is that of its wearer; draw it closer with `huanhua boxes PHOTOS`"),
        (True, "its wearer would be the same picture"),
        (False, ""),
    ]
    assert prepared.sizes["reg"] == {SIZE: 1}


def test_one_small_photo_halves_itself_alone_and_many_halve_all_and_both_are_explained(tmp_path: Path) -> None:
    for seed in range(3):
        photo(tmp_path / "photos", f"{seed}.png", (1200, 1800), seed)
    large, small = {"thing": [200, 200, 900, 1200]}, {"thing": [200, 200, 500, 600]}
    prepared = made(tmp_path, {"0.png": large, "1.png": large, "2.png": small})
    assert prepared.sizes["train"] == {SIZE: 2, (256, 384): 1}
    line = "train: some crops have half the size, for 1 of 3 crops do not fill 512x768, and nothing is enlarged: 2.png"
    assert line in prepared.manifest.warnings
    prepared = made(tmp_path, {"0.png": large, "1.png": small, "2.png": small})
    assert prepared.sizes["train"] == {(256, 384): 3}
    assert any("train: all crops have half the size (256x384), for 2 of 3" in line for line in prepared.manifest.warnings)


class Seeing(FixedLocator):
    """Remembers the sizes that it saw."""

    def locate(self, images: Sequence[Image.Image]) -> list[Located]:
        assert [image.size for image in images] == [(900, 1300)]
        return super().locate(images)


def test_bars_are_cut_before_anything_else(tmp_path: Path) -> None:
    photo(tmp_path / "photos", "a.png", (900, 1700), 0, bars=200)
    prepared = run(tmp_path / "photos", tmp_path / "set", size=SIZE, locator=Seeing())
    (record,) = prepared.manifest.photos
    assert record.size == (900, 1700)
    assert record.thing == pytest.approx((270, 720, 630, 980), abs=1)
    for cut in record.cuts.values():
        assert cut.window[1] >= 200
        assert cut.window[3] <= 1500
    assert "bars around 1 photos are left out of the crops: a.png" in prepared.manifest.warnings


def test_the_contact_sheet_has_every_crop_and_what_was_set_aside(tmp_path: Path) -> None:
    for seed in range(4):
        photo(tmp_path / "photos", f"{seed}.png", (1200, 1800), seed)
    (tmp_path / "photos/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    boxes = {f"{i}.png": {"thing": [400, 500, 800, 1200], "wearer": [300, 100, 900, 1700]} for i in range(4)}
    few = photo_sheet(made(tmp_path, {**boxes, "3.png": {"skip": True}}).manifest, tmp_path / "set")
    with Image.open(few) as first:
        size = first.size
    many = photo_sheet(made(tmp_path, boxes).manifest, tmp_path / "set")
    with Image.open(many) as second:
        assert second.size[0] >= size[0]
        assert second.size[1] > 500

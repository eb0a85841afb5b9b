"""Boxes that a person draws: what they say is done, and what they do not say is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.boxes import DrawnBoxes, PixelBox
from models.errors import InputError
from models.io.images import photo_size
from studies.training.describe import describe_prepared
from tests.trainers.prepare.test_dataset_writer import files, run, snap
from trainers.prepare.boxes import NAME, read_boxes, refuse_outside
from trainers.prepare.locator import Located, NoLocator
from trainers.prepare.manifest import read_manifest
from trainers.testing.fixed_locator import FixedLocator
from trainers.testing.prepare_suites import LocatorSuite
from trainers.train.data.dataset import read_dataset

THING, WEARER = [20, 30, 100, 150], [0, 0, 140, 220]


class Counting:
    """Counts the images that it is asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def locate(self, images: Sequence[Image.Image]) -> list[Located]:
        self.asked.append(len(images))
        return FixedLocator().locate(images)


class Absent:
    """A parser that does not open."""

    def locate(self, images: Sequence[Image.Image]) -> list[Located]:
        raise InputError("the parser is away", "there", "come back")


class TestNoLocator(LocatorSuite):
    @pytest.fixture
    def locator(self) -> NoLocator:
        return NoLocator()

    @pytest.fixture
    def images(self) -> list[Image.Image]:
        return [Image.new("RGB", (64, 96), colour) for colour in ("red", "blue")]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for index in range(3):
        snap(tmp_path / "photos", f"a{index}.png", (150 + index, 230), index)
    return tmp_path / "photos"


def write(path: Path, entries: Any) -> Path:
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def test_photos_with_boxes_need_no_parser(photos: Path, tmp_path: Path) -> None:
    boxes = {f"a{i}.png": {"thing": THING, "wearer": WEARER} for i in range(3)}
    made = run(photos, tmp_path / "set", boxes=write(tmp_path / "mine.json", boxes), locator=Absent())
    assert made.pictures == 3
    del boxes["a1.png"]
    with pytest.raises(InputError, match="the parser is away"):
        run(photos, tmp_path / "set2", boxes=write(tmp_path / "mine.json", boxes), locator=Absent())
    assert not (tmp_path / "set2").exists()
    counting = Counting()
    run(photos, tmp_path / "set3", boxes=tmp_path / "mine.json", locator=counting)
    assert counting.asked == [1]


def test_without_a_parser_photos_without_boxes_are_set_aside(photos: Path, tmp_path: Path) -> None:
    boxes = write(tmp_path / "mine.json", {"a0.png": {"thing": THING, "wearer": WEARER}, "a1.png": {"thing": THING}})
    made = run(photos, tmp_path / "set", boxes=boxes, locator=NoLocator())
    assert [(a.file, a.why) for a in made.manifest.set_aside] == [("a2.png", "no box is drawn in it")]
    assert any("huanhua boxes" in line for line in made.manifest.warnings)
    with pytest.raises(InputError, match="huanhua boxes"):
        run(photos, tmp_path / "none", locator=NoLocator())
    assert not (tmp_path / "none").exists()


def test_boxes_beside_the_photos_are_found_and_are_no_stray_file(photos: Path, tmp_path: Path) -> None:
    write(photos / NAME, {f"a{i}.png": {"thing": THING, "wearer": WEARER, "by": "hand"} for i in range(3)})
    made = run(photos, tmp_path / "set", locator=Absent())
    assert made.pictures == 3
    assert not any("not used" in line for line in made.manifest.warnings)


def test_a_thing_that_nobody_wears_has_no_picture_in_reg(photos: Path, tmp_path: Path) -> None:
    entries = {f"a{i}.png": {"thing": THING, "wearer": None, "by": "hand"} for i in range(3)}
    out = tmp_path / "set"
    for _ in range(2):
        made = run(photos, out, boxes=write(tmp_path / "mine.json", entries), locator=Absent(), caption_reg=True)
        assert made.sizes == {"train": {(64, 96): 3}, "reg": {}}
        assert not (out / "reg").exists()
        assert read_manifest(out) == made.manifest
        assert any("3 of 3 photos give no regularisation picture: nobody wears it there" in w for w in made.manifest.warnings)
    assert [p.is_reg for p in read_dataset(out, 8).pictures] == [False] * 3
    assert all(boxes.is_alone for boxes in read_boxes(out / NAME).values())
    assert run(photos, out, locator=Absent()).sizes["reg"] == {}, "from the set's own boxes.json"


def test_a_photo_that_a_person_leaves_out_stays_out(photos: Path, tmp_path: Path) -> None:
    mine = write(tmp_path / "mine.json", {"a1.png": {"skip": True}})
    made = run(photos, tmp_path / "set", boxes=mine)
    assert [(a.file, a.why) for a in made.manifest.set_aside] == [("a1.png", "left out by hand")]
    assert run(photos, tmp_path / "set").pictures == 2
    assert "  set aside: a1.png (left out by hand)" in describe_prepared(made)


def test_a_box_of_the_thing_alone_leaves_its_wearer_to_the_parser(photos: Path, tmp_path: Path) -> None:
    made = run(photos, tmp_path / "set", boxes=write(tmp_path / "mine.json", {"a0.png": {"thing": THING}}))
    record = made.manifest.photos[0]
    assert record.thing == PixelBox(*THING)
    assert record.wearer == pytest.approx((0.05 * 150, 0.05 * 230, 0.95 * 150, 0.95 * 230))
    assert record.reg is not None


def test_boxes_of_photos_that_are_not_there_are_named(photos: Path, tmp_path: Path) -> None:
    entry = {"thing": THING, "wearer": WEARER}
    made = run(photos, tmp_path / "set", boxes=write(tmp_path / "mine.json", {"a0.PNG": entry, "a1.png": entry}))
    assert made.manifest.warnings[0] == "boxes of 1 photos that are not in the folder: a0.PNG (did you mean a0.png?)"
    with pytest.raises(InputError, match=r"boxes of 2 photos that are not in the folder: a0\.jpg, x"):
        run(photos, tmp_path / "set2", boxes=write(tmp_path / "mine.json", {"a0.jpg": entry, "x": entry}))
    assert "set2" not in [p.name for p in tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"thign": THING}, "has 'thign': .*write thing"),
        ({"thing": THING, "wearer": WEARER, "colour": "red"}, "the keys are thing, wearer"),
        ({"thing": [1, 2, 3, "4"]}, "thing of a0.png is no list of four numbers"),
        ({"thing": [90, 20, 10, 140]}, "a box without an inside: thing of a0.png is 90, 20, 10, 140"),
        ({"thing": THING, "wearer": [True, 0, 1, 1]}, "wearer of a0.png"),
        ({"skip": "yes"}, "skip of a0.png"),
        (THING, "no entry"),
    ],
)
def test_a_misspelt_entry_is_refused(photos: Path, tmp_path: Path, entry: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(photos, tmp_path / "set", boxes=write(tmp_path / "mine.json", {"a0.png": entry}))
    assert files(tmp_path) == ["mine.json", *(f"photos/a{i}.png" for i in range(3))]


@pytest.mark.parametrize("box", [[200, 30, 280, 90], [20, -90, 90, -10], [0, 0, 300, 460], [10, 10, 60, 250]])
@pytest.mark.parametrize("key", ["thing", "wearer"])
def test_a_box_outside_its_photo_is_refused_with_the_photo_s_size(photos: Path, tmp_path: Path, box: list[int], key: str) -> None:
    boxes = {f"a{i}.png": {"thing": THING, "wearer": WEARER} for i in range(2)}
    boxes["a1.png"] = boxes["a1.png"] | {key: box}
    shown = ", ".join(map(str, box))
    with pytest.raises(InputError, match=rf"{key} of a1\.png is {shown}, but the photo has 151 x 230 pixels"):
        run(photos, tmp_path / "set", boxes=write(tmp_path / "mine.json", boxes), locator=Absent())
    assert files(tmp_path) == ["mine.json", *(f"photos/a{i}.png" for i in range(3))]


def test_the_size_is_that_of_the_upright_photo(tmp_path: Path) -> None:
    snap(tmp_path / "photos", "a.png", (150, 230), 0)
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(tmp_path / "photos" / "a.png") as upright:
        upright.rotate(90, expand=True).save(tmp_path / "photos" / "b.jpg", exif=exif, quality=95)
    (tmp_path / "photos" / "a.png").unlink()
    assert photo_size(tmp_path / "photos" / "b.jpg") == (150, 230)
    boxes = write(tmp_path / "mine.json", {"b.jpg": {"thing": [20, 150, 100, 228], "wearer": WEARER}})
    assert run(tmp_path / "photos", tmp_path / "set", boxes=boxes, locator=Absent()).pictures == 1


def test_the_set_s_own_boxes_are_held_to_it_too(photos: Path, tmp_path: Path) -> None:
    run(photos, tmp_path / "set")
    write(tmp_path / "set" / NAME, {"a0.png": {"thing": [500, 500, 600, 600], "wearer": WEARER, "by": "hand"}})
    with pytest.raises(InputError, match="the photo has 150 x 230 pixels"):
        run(photos, tmp_path / "set", locator=Absent())


def test_not_a_number_is_no_box(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"a0.png": {"thing": [0, 0, NaN, 9]}}')
    with pytest.raises(InputError, match="four numbers"):
        run(photos, tmp_path / "set", boxes=tmp_path / "mine.json")


def test_boxes_of_whole_photos_and_a_single_pose_are_said(photos: Path, tmp_path: Path) -> None:
    whole = [0, 0, 150, 225]
    for index in range(3):
        snap(tmp_path / "close", f"a{index}.png", (150, 225), index)
    entries = {f"a{i}.png": {"thing": whole, "wearer": whole} for i in range(3)}
    warnings = run(tmp_path / "close", tmp_path / "set", boxes=write(tmp_path / "mine.json", entries)).manifest.warnings
    assert any("in 3 of 3 photos the box of the thing is the whole photo" in line for line in warnings)
    warnings = run(photos, tmp_path / "set2").manifest.warnings
    assert any("all 3 photos show it in one pose" in line for line in warnings)
    moved = {f"a{i}.png": {"thing": [20, 20 + 30 * i, 100, 90 + 40 * i], "wearer": WEARER} for i in range(3)}
    warnings = run(photos, tmp_path / "set3", boxes=write(tmp_path / "mine.json", moved)).manifest.warnings
    assert not any("pose" in line or "whole photo" in line for line in warnings)


def test_a_thing_outside_its_wearer_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (400, 600)).save(tmp_path / "a.png")
    boxes = {"a.png": DrawnBoxes(PixelBox(228, 366, 387, 576), PixelBox(0, 0, 220, 330), True)}
    with pytest.raises(InputError, match=r"the thing of a.png lies wholly outside its wearer.*wearer: null"):
        refuse_outside(boxes, [tmp_path / "a.png"], tmp_path / "boxes.json")
    refuse_outside({"a.png": DrawnBoxes(PixelBox(200, 300, 387, 576), PixelBox(0, 0, 220, 330))}, [tmp_path / "a.png"], tmp_path)

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.boxes import PixelBox
from models.errors import InputError
from models.io.images import open_photo
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.products import Product, wear
from trainers.prepare.dataset_writer import Prepared, prepare
from trainers.prepare.locator import Located
from trainers.prepare.manifest import read_manifest
from trainers.prepare.settings import PrepareSettings
from trainers.step_plan import Plan
from trainers.testing.fixed_locator import FixedLocator, FixedTagger
from trainers.testing.prepare_suites import LocatorSuite, TaggerSuite

PLAN = Plan(steps=40, epochs=10, batch=1)


def snap(folder: Path, name: str, size: tuple[int, int] = (150, 230), seed: int = 0) -> None:
    folder.mkdir(exist_ok=True)
    Image.effect_noise(size, 10 + seed).convert("RGB").save(folder / name)


def run(photos: Path, out: Path, **changes: Any) -> Prepared:
    locator, tagger = changes.pop("locator", FixedLocator()), changes.pop("tagger", FixedTagger())
    settings: dict[str, Any] = {"kind": "clothing", "trigger": "testdress", "size": (64, 96), "plan": PLAN}
    return prepare(photos, out, PrepareSettings(**{**settings, **changes}), locator=locator, tagger=tagger)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "照片 of dress"
    for index in range(4):
        snap(folder, f"a {index}.png", (150 + index, 230 - index), index)
    return folder


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_one_picture_in_each_set_for_each_photo(photos: Path, tmp_path: Path) -> None:
    made = run(photos, tmp_path / "set")
    assert made.pictures == 4
    assert files(tmp_path / "set") == [
        "boxes.json",
        "manifest.json",
        *(f"reg/1_testdress/a {i}.png.png" for i in range(4)),
        *(f"train/1_testdress/a {i}.png.{kind}" for i in range(4) for kind in ("png", "txt")),
    ]
    assert made.sizes == {"train": {(64, 96): 4}, "reg": {(64, 96): 4}}
    with Image.open(tmp_path / "set/train/1_testdress/a 0.png.png") as picture:
        assert picture.size == (64, 96)
    caption = (tmp_path / "set/train/1_testdress/a 0.png.txt").read_text(encoding="utf-8")
    assert caption == "testdress, pink dress, blue background\n"
    assert read_manifest(tmp_path / "set") == made.manifest
    assert any("20 or more" in advice for advice in made.manifest.warnings)


def test_small_things_stay_small(photos: Path, tmp_path: Path) -> None:
    made = run(photos, tmp_path / "set", size=(96, 144))
    assert made.sizes == {"train": {(48, 72): 4}, "reg": {(96, 144): 4}}


def test_repeats_make_the_steps_that_are_wanted() -> None:
    plan = Plan(steps=4000, epochs=10, batch=1)
    assert (plan.repeats(20), plan.regularisation_repeats(20)) == (20, 10)
    assert plan.steps_of(20 * plan.repeats(20)) == 4000
    assert Plan(steps=1, epochs=10, batch=1).repeats(100) == 1
    assert Plan(steps=100, epochs=10, batch=8, reg_ratio=1.67).regularisation_repeats(24) == 5


def test_bad_doubtful_small_and_doubled_photos_are_listed_and_the_rest_goes_through(photos: Path, tmp_path: Path) -> None:
    (photos / "b cut.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    snap(photos, "c doubtful.png", (140, 220))
    snap(photos, "d small.png", (40, 60))
    (photos / "e twice.png").write_bytes((photos / "a 0.png").read_bytes())
    made = run(photos, tmp_path / "set", locator=FixedLocator(doubtful=140))
    aside = {a.file: a.why for a in made.manifest.set_aside}
    assert aside.keys() == {"b cut.jpg", "c doubtful.png", "d small.png", "e twice.png"}
    assert aside["c doubtful.png"] == "two wearers"
    assert aside["e twice.png"] == "the same picture as a 0.png"
    assert made.pictures == 4


def test_another_copy_of_a_photo_is_set_aside_whatever_its_size_and_file(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    products: tuple[Product, ...] = ("testdress", "testdress", "mycoat")
    for index, product in enumerate(products):
        drawn(photos / f"{index}.png", index, product)
    with Image.open(photos / "1.png") as first:
        first.resize((170, 255)).save(photos / "2 again.jpg", quality=60)
    made = run(photos, tmp_path / "set")
    assert {a.file: a.why for a in made.manifest.set_aside} == {"2 again.jpg": "nearly the same picture as 1.png"}
    assert made.pictures == 3


def test_the_same_picture_in_other_colours_is_no_copy(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    drawn(photos / "0.png", 0, "testdress")
    with Image.open(photos / "0.png") as first:
        red, green, blue = first.convert("RGB").split()
        Image.merge("RGB", (blue, red, green)).save(photos / "1 other colours.png")
        first.resize((170, 255)).save(photos / "2 again.jpg", quality=60)
    made = run(photos, tmp_path / "set")
    assert {a.file: a.why for a in made.manifest.set_aside} == {"2 again.jpg": "nearly the same picture as 0.png"}


def drawn(path: Path, seed: int, product: Product) -> None:
    path.parent.mkdir(exist_ok=True)
    draw(wear(random_figure(np.random.default_rng(seed)), product), (256, 384)).image.save(path)


def test_boxes_written_by_a_person_are_taken_as_they_are(photos: Path, tmp_path: Path) -> None:
    mine = {"thing": [10, 20, 90, 140], "wearer": [0, 0, 140, 220]}
    (tmp_path / "boxes.json").write_text(json.dumps({"a 1.png": mine, "a 2.png": {"thing": None, "wearer": None}}))
    made = run(photos, tmp_path / "set", boxes=tmp_path / "boxes.json", locator=FixedLocator(doubtful=151))
    by_name = {p.file: p for p in made.manifest.photos}
    assert by_name["a 1.png"].thing == PixelBox(10, 20, 90, 140)
    assert by_name["a 2.png"].thing != PixelBox(10, 20, 90, 140)
    assert made.manifest.set_aside == ()


def test_boxes_that_a_person_corrects_in_the_set_survive_further_runs(photos: Path, tmp_path: Path) -> None:
    doubting = FixedLocator(doubtful=151)
    assert [a.file for a in run(photos, tmp_path / "set", locator=doubting).manifest.set_aside] == ["a 1.png"]
    path = tmp_path / "set/boxes.json"
    boxes = json.loads(path.read_text(encoding="utf-8"))
    assert boxes.keys() == {f"a {i}.png" for i in range(4)}
    boxes["a 1.png"]["thing"] = boxes["a 0.png"]["thing"] = [20, 30, 100, 150]
    path.write_text(json.dumps(boxes))
    for _ in range(3):
        made = run(photos, tmp_path / "set", locator=doubting)
        assert made.manifest.set_aside == ()
        things = {p.file: p.thing for p in made.manifest.photos}
        assert things["a 0.png"] == things["a 1.png"] == PixelBox(20, 30, 100, 150) != things["a 2.png"]


@pytest.mark.parametrize("text", ["", "[]", '{"a.png": [1, 2]}', '{"a.png": {"thing": [1, 2, 3], "wearer": null}}'])
def test_a_boxes_file_of_another_form_is_refused(photos: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "boxes.json").write_text(text)
    with pytest.raises(InputError, match="not a boxes file"):
        run(photos, tmp_path / "set", boxes=tmp_path / "boxes.json")
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("sides", [[-5, 0, 50, 60], [90, 20, 160, 90]])
def test_a_box_partly_outside_is_reported(photos: Path, tmp_path: Path, sides: list[int]) -> None:
    (tmp_path / "boxes.json").write_text(json.dumps({"a 1.png": {"thing": sides, "wearer": [0, 0, 140, 220]}}))
    made = run(photos, tmp_path / "set", boxes=tmp_path / "boxes.json")
    assert [(a.file, a.why) for a in made.manifest.set_aside] == [("a 1.png", "a box is empty or not in the photo")]


def test_wearers_may_stand_for_a_class(photos: Path, tmp_path: Path) -> None:
    made = run(photos, tmp_path / "set", reg_class="girl", caption_reg=True)
    assert made.manifest.reg_token == "girl"
    captions = {p.read_text(encoding="utf-8").strip() for p in (tmp_path / "set/reg/1_girl").glob("*.txt")}
    assert captions == {"girl, pink dress, testdress, blue background"}
    with pytest.raises(InputError, match="not a trigger word"):
        run(photos, tmp_path / "other", reg_class="a/b")


def test_what_most_pictures_show_is_left_to_the_trigger(photos: Path, tmp_path: Path) -> None:
    run(photos, tmp_path / "set", tagger=SometimesTagger(), caption_reg=True, left_to_trigger=0.5)
    captions = {p.read_text(encoding="utf-8").strip() for p in (tmp_path / "set").rglob("*.txt")}
    assert captions == {"testdress", "testdress, red hair"}
    assert read_manifest(tmp_path / "set").photos[0].train.tags == ("pink dress", "red hair")


class SometimesTagger:
    """Sees the dress always, red hair in one photo of four and its wearer."""

    def __init__(self) -> None:
        self.seen = 0

    def tag(self, images: Sequence[Image.Image]) -> list[list[str]]:
        self.seen += 1
        return [["pink dress", "red hair"] if self.seen <= 2 else ["pink dress"] for _ in images]


def test_without_a_usable_photo_nothing_is_written(tmp_path: Path) -> None:
    snap(tmp_path / "photos", "a.png", (140, 220))
    with pytest.raises(InputError, match="two wearers"):
        run(tmp_path / "photos", tmp_path / "set", locator=FixedLocator(doubtful=140))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no photos"):
        run(tmp_path / "empty", tmp_path / "set")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "photos"]


@pytest.mark.parametrize("trigger", ["", "  ", "a/b", "a,b", "..", "a\nb", "x."])
def test_bad_triggers(photos: Path, tmp_path: Path, trigger: str) -> None:
    with pytest.raises(InputError, match="trigger"):
        run(photos, tmp_path / "set", trigger=trigger)


def test_edited_captions_and_added_files_survive_a_second_run(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    run(photos, out)
    (out / "train/1_testdress/a 1.png.txt").write_text("testdress, 我的裙子", encoding="utf-8")
    (out / "notes.md").write_text("mine")
    (out / "train/1_testdress").rename(out / "train/9_testdress")
    snap(photos, "z new.png", (200, 300), 9)
    for _ in range(2):
        made = run(photos, out)
        assert made.pictures == 5
        assert (out / "train/1_testdress/a 1.png.txt").read_text(encoding="utf-8") == "testdress, 我的裙子"
        assert (out / "train/1_testdress/a 0.png.txt").read_text(encoding="utf-8").startswith("testdress, pink")
        assert (out / "notes.md").read_text() == "mine"
        assert sorted(p.name for p in (out / "train").iterdir()) == ["1_testdress"]


def test_wearers_are_captioned_only_if_asked_for_and_edits_survive_there_too(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    made = run(photos, out, caption_reg=True)
    caption = out / "reg/1_testdress/a 0.png.txt"
    assert caption.read_text(encoding="utf-8") == "testdress, pink dress, blue background\n"
    assert made.manifest.photos[0].cuts["reg"].tags == ("pink dress", "testdress", "blue background")
    caption.write_text("mine")
    run(photos, out, caption_reg=True)
    assert caption.read_text() == "mine"
    run(photos, out)
    assert [f for f in files(out) if f.startswith("reg") and f.endswith("txt")] == ["reg/1_testdress/a 0.png.txt"]


def test_a_foreign_folder_is_not_overwritten(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "thesis.txt").write_text("important")
    with pytest.raises(InputError, match="prepare did not make"):
        run(photos, tmp_path / "set")
    (tmp_path / "set" / "manifest.json").write_text('{"format": 1}')
    with pytest.raises(InputError, match="damaged manifest"):
        run(photos, tmp_path / "set")
    assert files(tmp_path / "set") == ["manifest.json", "thesis.txt"]


def test_a_killed_run_leaves_the_earlier_set(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    run(photos, out)
    out.rename(tmp_path / ".set.old")
    (tmp_path / ".set.partial").mkdir()
    with pytest.raises(InputError, match="trigger"):
        run(photos, out, trigger="")
    run(photos, out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["set", photos.name]


def test_shoes_alone_are_advised_against(photos: Path, tmp_path: Path) -> None:
    class Close(FixedLocator):
        def _one(self, width: int, height: int) -> Located:
            return Located(PixelBox(0, 0, width, height), PixelBox(0, 0, width, height))

    assert any("feet" in advice for advice in run(photos, tmp_path / "set", kind="shoes", locator=Close()).manifest.warnings)


@pytest.fixture
def images(photos: Path) -> list[Image.Image]:
    return [open_photo(photo) for photo in sorted(photos.iterdir())]


class TestFixedLocator(LocatorSuite):
    @pytest.fixture
    def locator(self) -> FixedLocator:
        return FixedLocator(doubtful=151)


class TestFixedTagger(TaggerSuite):
    @pytest.fixture
    def tagger(self) -> FixedTagger:
        return FixedTagger()

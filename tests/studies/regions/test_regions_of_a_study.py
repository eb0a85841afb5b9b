"""Regions of a study: what study.yaml says of them, where they are at a seed, and that they are part of an image's identity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from PIL import Image

from models.errors import InputError
from optimizer.point import Job, Point
from studies.local_models import LocalModels
from studies.run.calibration import calibrate
from studies.run.compatibility import fingerprint
from studies.run.scouting import scout
from studies.spec import read_spec
from studies.study import Study
from studies.testing.fake_study import FakeWorld, fake_study, opened_on

SIZE = 64, 96
SEED = 7
LABELS = {0: "background", 1: "face", 2: "dress", 3: "shoes", 4: "hands", 5: "legs"}


class FakeParser:
    """Sees a figure of three parts, whatever the image shows; nobody where `empty`."""

    labels = LABELS

    def __init__(self, *, empty: bool = False, barefoot: bool = False) -> None:
        self.empty, self.barefoot, self.asked = empty, barefoot, 0

    def parse(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        self.asked += len(images)
        width, height = SIZE
        found = np.zeros((height, width), np.uint8)
        if not self.empty:
            found[4:24, 24:40], found[24:60, 20:44], found[60:80, 24:40] = 1, 2, 5
            found[36:44, 44:50] = 4
            found[80:92, 22:42] = 0 if self.barefoot else 3
        return [found for _ in images]


def painted(job: Job) -> Image.Image:
    return Image.fromarray(np.random.default_rng(job.seed).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8))


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> FakeParser:
    found = FakeParser()
    monkeypatch.setattr(LocalModels, "parser", property(lambda self: found))
    return found


def regional(folder: Path, **regions: object) -> Study:
    """The fake study with these regions, over what an earlier one without them drew."""
    if not (folder / "study.yaml").exists():
        fake_study(folder, size=SIZE)
    content = yaml.safe_load((folder / "study.yaml").read_text())
    for name, region in regions.items():
        content["loras"][name]["region"] = region
    (folder / "study.yaml").write_text(yaml.safe_dump(content))
    return opened_on(folder, FakeWorld(SIZE, painted))


def drawn(study: Study) -> list[Job]:
    world = study.backend.renderer  # type: ignore[attr-defined]
    found: list[Job] = world.drawn
    return found


def mask_file(folder: Path, mask: NDArray[np.bool_], name: str = "mask.png") -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)).save(folder / name)
    return {"mask": name}


def test_auto_is_the_part_grown_until_it_meets_another_and_no_hand(tmp_path: Path, parser: FakeParser) -> None:
    study = regional(tmp_path, face="auto", dress="auto", shoes="auto")
    assert study.regions is not None
    masks = study.regions.of(SEED).masks
    (labels,) = parser.parse([painted(Job(SEED, study.start))])
    for name, code in (("face", 1), ("dress", 2), ("shoes", 3)):
        assert masks[name][labels == code].all()
        assert not masks[name][np.isin(labels, [c for c in (1, 2, 3, 4) if c != code])].any()
    assert masks["dress"].sum() > (labels == 2).sum()
    assert not (masks["face"] & masks["dress"]).any()


def test_the_locked_image_is_drawn_everywhere_and_trials_in_regions(tmp_path: Path, parser: FakeParser) -> None:
    study = regional(tmp_path, face="auto", dress="auto")
    study.evaluator.evaluate(SEED, study.start)
    locked, trial = drawn(study)
    assert locked.regions is None
    assert trial.regions is not None
    assert set(trial.regions.masks) == {"face", "dress"}
    assert study.everywhere.place(locked) != study.everywhere.place(trial)


def test_regions_are_known_to_another_process_without_a_parser(tmp_path: Path, parser: FakeParser) -> None:
    first = regional(tmp_path, face="auto")
    stored = first.evaluator.evaluate(SEED, first.start).image
    asked = parser.asked
    again = opened_on(tmp_path, FakeWorld(SIZE, painted))
    assert again.evaluator.find_image(Job(SEED, again.start), alone=True) == stored
    assert again.evaluator.evaluate(SEED, again.start).image == stored
    assert (parser.asked, drawn(again)) == (asked, [])


def test_without_the_locked_image_nothing_is_known_and_nothing_is_drawn(tmp_path: Path, parser: FakeParser) -> None:
    study = regional(tmp_path, face="auto")
    job = Job(SEED, study.start)
    assert study.evaluator.find_image(job, alone=True) is None
    assert study.evaluator.load(job, alone=True) is None
    assert not study.evaluator.place(job).exists()
    assert drawn(study) == []


def test_a_study_without_regions_keeps_its_keys(tmp_path: Path) -> None:
    study = fake_study(tmp_path, size=SIZE)
    assert study.regions is None
    assert study.evaluator is study.everywhere
    # As version 0.1 named them: SHA-256 of identity, seed and point.
    assert study.evaluator.place(Job(SEED, Point({"dress": 0.5}, 5.0))).stem == "b260082e8c1985b4222f6c42994693fb"
    assert "regions" not in study.evaluator.identity()


def test_an_image_on_which_no_lora_with_a_region_acts_is_shared(tmp_path: Path, parser: FakeParser) -> None:
    study, points = regional(tmp_path, face="auto"), (Point({}, 5.0), Point({"dress": 0.5, "face": 0.0}, 5.0))
    for point in points:
        assert study.evaluator.place(Job(SEED, point)) == study.everywhere.place(Job(SEED, point))
    assert parser.asked == 0


def test_calibration_and_scouting_draw_everywhere(tmp_path: Path, parser: FakeParser) -> None:
    study = regional(tmp_path, face="auto", dress="auto", shoes="auto")
    calibrate(study, SEED)
    scout(study, 2, lambda: None)
    assert drawn(study)
    assert all(job.regions is None for job in drawn(study))


def test_other_regions_are_not_compatible(tmp_path: Path, parser: FakeParser) -> None:
    plain = fingerprint(fake_study(tmp_path, size=SIZE))
    auto = fingerprint(regional(tmp_path, face="auto"))
    box = fingerprint(regional(tmp_path, face={"box": [0.2, 0.0, 0.8, 0.3]}))
    assert len({str(found) for found in (plain, auto, box)}) == 3
    one = fingerprint(regional(tmp_path, face=mask_file(tmp_path, np.eye(96, 64, dtype=np.bool_))))
    other = fingerprint(regional(tmp_path, face=mask_file(tmp_path, np.eye(96, 64, 1, dtype=np.bool_))))
    assert one != other


def test_a_mask_of_other_content_is_another_image(tmp_path: Path) -> None:
    places = []
    for offset in (0, 8):
        mask = np.zeros((96, 64), np.bool_)
        mask[offset : offset + 30] = True
        study = regional(tmp_path, face=mask_file(tmp_path, mask))
        places.append(study.evaluator.place(Job(SEED, study.start)))
    assert places[0] != places[1]


@pytest.mark.parametrize(
    ("parser_sees", "said"),
    [
        (FakeParser(empty=True), "the locked image shows no person, in whom `region: auto` finds a LoRA's place: seed 7"),
        (FakeParser(barefoot=True), "shoes would act in the shoes, which the locked image does not show: seed 7"),
    ],
)
def test_a_figure_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parser_sees: FakeParser, said: str) -> None:
    monkeypatch.setattr(LocalModels, "parser", property(lambda self: parser_sees))
    study = regional(tmp_path, shoes="auto")
    with pytest.raises(InputError) as error:
        study.evaluator.evaluate(SEED, study.start)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


WHOLE = np.ones((96, 64), np.bool_)


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (~WHOLE, "an empty mask: nothing in it is white"),
        (WHOLE, "a mask that is white all over"),
        (WHOLE[:48], "the picture is 64x48, and those drawn are 64x96"),
    ],
)
def test_masks_that_cannot_be(tmp_path: Path, mask: NDArray[np.bool_], said: str) -> None:
    study = regional(tmp_path, face=mask_file(tmp_path, mask))
    with pytest.raises(InputError) as error:
        study.evaluator.evaluate(SEED, study.start)
    assert said in str(error.value)
    assert "mask.png" in str(error.value)
    assert drawn(study) == []


def test_a_mask_that_is_no_picture(tmp_path: Path) -> None:
    fake_study(tmp_path, size=SIZE)
    (tmp_path / "mask.png").write_text("no picture")
    study = regional(tmp_path, face={"mask": "mask.png"})
    with pytest.raises(InputError, match=r"mask\.png"):
        study.evaluator.evaluate(SEED, study.start)


def test_a_mask_that_is_gone_is_one_line_wherever_it_is_asked_for(tmp_path: Path) -> None:
    mask = np.eye(96, 64, dtype=np.bool_)
    study = regional(tmp_path, face=mask_file(tmp_path, mask))
    (tmp_path / "mask.png").unlink()
    for ask in (study.evaluator.identity, lambda: study.evaluator.find_image(Job(SEED, study.start), alone=True)):
        with pytest.raises(InputError, match=r"mask\.png"):
            ask()


def test_two_regions_that_are_the_same(tmp_path: Path) -> None:
    study = regional(tmp_path, face={"box": [0.0, 0.0, 1.0, 0.5]}, dress={"box": [0.0, 0.0, 1.0, 0.501]})
    with pytest.raises(InputError, match="dress and face have the same region, where they contend as without any"):
        study.evaluator.evaluate(SEED, study.start)


def test_a_box_without_a_pixel(tmp_path: Path) -> None:
    study = regional(tmp_path, face={"box": [0.1, 0.1, 0.1001, 0.5]})
    with pytest.raises(InputError, match="the box of face holds no pixel of 64x96"):
        study.evaluator.evaluate(SEED, study.start)


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("head", "loras.face.region"),
        ({"box": [0.5, 0.0, 0.2, 1.0]}, "left below right"),
        ({"box": [0.0, 0.0, 2.0, 1.0]}, "from 0 to 1: divide pixels by them"),
        ({}, "{box: [left, top, right, bottom]} or {mask: FILE}"),
        ({"box": [0.0, 0.0, 0.5, 1.0], "mask": "a.png"}, "{box: [left, top, right, bottom]} or {mask: FILE}"),
        ({"mask": "a.png", "blur": 3}, "unknown key loras.face.region.blur"),
    ],
)
def test_regions_that_study_yaml_does_not_know(tmp_path: Path, region: object, said: str) -> None:
    with pytest.raises(InputError) as error:
        regional(tmp_path, face=region)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_auto_needs_a_parser_and_huanhua(tmp_path: Path) -> None:
    fake_study(tmp_path, size=SIZE)
    file = tmp_path / "study.yaml"
    content = yaml.safe_load(file.read_text())
    content["loras"]["face"]["region"] = "auto"
    content["scorers"]["parts"] = {"model": None}
    content["scorers"]["hands"] = {"judge": None, "pose": "pose.onnx"}
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match="auto needs a part parser"):
        read_spec(file)
    content["scorers"]["parts"] = {"model": "parser"}
    content["draw"] = {"with": "webui", "url": "http://127.0.0.1:7860"}
    del content["render"]["device"]
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match="only huanhua itself draws in regions"):
        read_spec(file)

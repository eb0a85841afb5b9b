"""The part parser: opened for photos without boxes alone, and found on this machine before any network is asked."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from models.errors import InputError
from models.testing.poses import write_blind_pose
from scorers.observe.posed.pose_parts import PoseParts
from studies.paperdoll.bundle import WEIGHTS
from studies.training.parser_on_need import ParserOnNeed, local_folder

NAME = "fashn-ai/fashn-human-parser"


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("models.hub.hub_answers", lambda: pytest.fail("the network was asked"))
    monkeypatch.chdir(tmp_path)


def linked(folder: Path) -> None:
    folder.mkdir(parents=True)
    for file in (WEIGHTS / "parser").iterdir():
        os.link(file, folder / file.name)


def test_no_photo_opens_nothing() -> None:
    assert ParserOnNeed("nobody/nothing", "clothing").locate([]) == []


def test_what_models_get_fetched_is_found(tmp_path: Path) -> None:
    assert local_folder(NAME) is None
    linked(tmp_path / "models/fashn-human-parser")
    (located,) = ParserOnNeed(NAME, "clothing").locate([Image.new("RGB", (64, 96), "white")])
    assert located.doubt == "no person found"


def test_the_hubs_cache_is_found(tmp_path: Path) -> None:
    root = tmp_path / "cache/models--fashn-ai--fashn-human-parser"
    linked(root / "snapshots/abc")
    (root / "refs").mkdir()
    (root / "refs/main").write_text("abc")
    (located,) = ParserOnNeed(NAME, "clothing").locate([Image.new("RGB", (64, 96), "white")])
    assert located.doubt == "no person found"


def test_what_is_nowhere_names_the_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[None] = []

    def silent() -> bool:
        asked.append(None)
        return False

    monkeypatch.setattr("models.hub.hub_answers", silent)
    with pytest.raises(InputError, match=r"hub does not answer.*huanhua boxes PHOTOS.*--boxes FILE") as raised:
        ParserOnNeed(NAME, "clothing").locate([Image.new("RGB", (64, 96))])
    assert "\n" not in str(raised.value)
    assert len(asked) == 1


def test_parts_are_told_from_a_pose_model_and_from_the_faces_that_lie_beside_it(tmp_path: Path) -> None:
    pose = write_blind_pose(tmp_path / "models-pose.onnx")
    shutil.copytree(WEIGHTS / "faces", tmp_path / "models/auraface")
    locator = ParserOnNeed(str(pose), "clothing")
    (located,) = locator.locate([Image.new("RGB", (64, 96), "white")])
    assert located.doubt == "no person found"
    assert isinstance(locator._opened.parser, PoseParts)
    assert locator._opened.parser.faces is not None


def test_a_pose_model_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such ONNX model.*draw boxes"):
        ParserOnNeed(str(tmp_path / "none.onnx"), "clothing").locate([Image.new("RGB", (64, 96), "white")])

"""A mend that a ControlNet leads to the locked image: what draws it, what it is told, and what is kept of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from models.testing.control.nets import write_named
from optimizer.control.control import Control
from studies.backends.registry import DrawnStudy
from studies.export.export import export_to
from studies.mending.control import MendControl, control_named
from studies.mending.job import mend_study
from studies.mending.parts import PARTS
from studies.picture_settings.infotext import read
from studies.pipeline import pick_trial
from studies.report.log import mended_params
from studies.run.outcome import Outcome
from studies.study import Study
from studies.testing.fake_backend import FakeBackend
from studies.tracking.memory import MemoryTracker
from tests.studies.mending.test_mending import SEED, World, huanhua, outcome_of, searched, tracker

__all__ = ["tracker"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
SIZE = 64, 96


@pytest.fixture
def world() -> World:
    return World(SIZE)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World, tracker: MemoryTracker) -> Study:
    """Of which nothing is feasible but for broken hands; a study with one more ControlNet is drawn by the same fake."""
    found = searched(tmp_path / "study", monkeypatch, world)
    write_named(tmp_path / "net.safetensors")

    def drawn(asked: DrawnStudy) -> FakeBackend:
        assert set(asked.spec.control) == {"mend"}
        assert isinstance(found.backend, FakeBackend)
        return found.backend

    monkeypatch.setattr("studies.study.make_backend", drawn)
    return found


def net(study: Study, **changes: Any) -> MendControl:
    return MendControl(**{"model": study.root.parent / "net.safetensors", "hint": "canny", **changes})


def led(study: Study, **changes: Any) -> Outcome:
    (found,) = mend_study(study, [PARTS["hands"]], [SEED], control=net(study, **changes), tracker=MemoryTracker())
    return found.outcome


def test_what_is_redrawn_is_told_the_locked_image_from_noise_alone(study: Study, world: World) -> None:
    assert led(study).mended is not None
    (asked,) = world.asked
    assert asked.job.point.controls == {"mend": Control(0.75)}
    assert asked.strength == 1.0
    assert asked.job.hints is not None
    told = asked.job.hints.by_net["mend"].picture
    assert told.shape == (SIZE[1], SIZE[0], 3)
    assert told.max() > 0
    assert all(not job.point.controls for job in world.drawn), "no trial is drawn with it"


def test_a_picture_is_told_as_it_is(study: Study, world: World, tmp_path: Path) -> None:
    picture = Image.new("RGB", SIZE)
    picture.paste((255, 0, 0), (0, 0, 64, 48))
    picture.save(tmp_path / "hint.png")
    led(study, hint=str(tmp_path / "hint.png"), strength=2.0)
    (asked,) = world.asked
    assert asked.job.hints is not None
    told = asked.job.hints.by_net["mend"].picture
    assert np.array_equal(told, np.asarray(picture)), "where the crop is the whole picture"
    assert asked.job.point.controls == {"mend": Control(2.0)}


def test_it_is_told_wherever_the_mend_is(study: Study, world: World) -> None:
    path = study.root.parent / "net.safetensors"
    printed = huanhua("mend", "x", "--parts", "hands", "--control", str(path), "--hint", "canny", "--control-strength", "0.5")
    assert "led by net: the picture meets every requirement" in printed
    found = outcome_of(study)
    assert found.mended is not None
    assert found.mended.held is not None
    told = {"net": found.mended.held.net, "model": str(path), "hint": "canny", "detector": None, "strength": 0.5}
    assert found.as_json()["mended"]["control"] == told
    assert json.loads(json.dumps(found.as_json()))["mended"]["control"] == told
    line = f"net ({found.mended.held.net[:12]}) canny 0.5"
    assert mended_params(found)["mended.control"] == line
    with Image.open(found.mended.image) as image:
        assert read(str(image.info["parameters"]), "x").other["huanhua mend control"] == line
    assert "led by net" in huanhua("show", "x", status=1)


def picked(study: Study, **changes: Any) -> Outcome:
    record = outcome_of(study).shown
    assert record is not None
    pick_trial(study, SEED, record.number)
    return led(study, **changes)


def test_the_graph_of_it_applies_the_control_net(study: Study) -> None:
    paths = {path.name: path for path in export_to(study, picked(study), "comfyui").paths}
    api = json.loads(paths["seed-7-mended.comfyui-api.json"].read_text("utf-8"))
    kinds = {node["class_type"]: node["inputs"] for node in api.values()}
    assert kinds["ControlNetLoader"]["control_net_name"] == "net.safetensors"
    assert kinds["ControlNetApplyAdvanced"]["strength"] == 0.75
    assert kinds["KSamplerAdvanced"]["start_at_step"] == 0, "from noise alone"
    assert (
        "Copy the ControlNet net.safetensors to models/controlnet/net.safetensors."
        in paths["seed-7-mended.comfyui.json"].read_text()
    )
    told = export_to(study, outcome_of(study), "comfyui").notes
    assert any("seed-7-mended.comfyui.json: Copy the ControlNet net.safetensors" in note for note in told)
    own = json.loads(paths["seed-7.comfyui-api.json"].read_text("utf-8"))
    assert all("ControlNet" not in node["class_type"] for node in own.values()), "the pick was drawn without"


def test_the_graph_of_another_control_net_is_refused(study: Study) -> None:
    found = picked(study)
    write_named(study.root.parent / "net.safetensors", seed=1)
    with pytest.raises(InputError, match="not the ControlNet that led the mend"):
        export_to(study, found, "comfyui")
    (study.root.parent / "net.safetensors").unlink()
    with pytest.raises(InputError, match="the ControlNet that led the mend is not there"):
        export_to(study, found, "comfyui")


def test_a_control_net_that_is_not_there_is_refused_before_anything_is_drawn(study: Study, world: World) -> None:
    (study.root.parent / "net.safetensors").unlink()
    with pytest.raises(InputError, match="no such ControlNet"):
        led(study)
    assert world.asked == []


def test_a_picture_of_another_size_is_refused_before_anything_is_drawn(study: Study, world: World, tmp_path: Path) -> None:
    Image.new("RGB", (32, 32)).save(tmp_path / "hint.png")
    with pytest.raises(InputError, match="the picture is 32x32, and those drawn are 64x96"):
        led(study, hint=str(tmp_path / "hint.png"))
    assert world.asked == []


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"strength": 0.0}, "a ControlNet's strength of 0"),
        ({"strength": 2.5}, "a ControlNet's strength of 2.5"),
        ({"strength": float("nan")}, "a ControlNet's strength of nan"),
        ({"hint": "cany"}, "neither a hint nor a picture: cany"),
        ({"hint": "depth"}, "hint depth needs a depth estimator"),
        ({"hint": "depth", "detector": Path("gone")}, "no such detector: gone"),
        ({"detector": Path("x.onnx")}, "a detector belongs to hint depth or pose"),
    ],
)
def test_what_does_not_fit_is_one_line(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError, match=line):
        MendControl(**{"model": Path("net"), "hint": "canny", **changes})


def test_a_pose_needs_a_model(study: Study) -> None:
    with pytest.raises(InputError, match="hint pose needs a pose model"):
        led(study, hint="pose")


def test_options_without_the_one_they_belong_to() -> None:
    assert control_named(None, None, None, None) is None
    with pytest.raises(InputError, match=r"no ControlNet is named.*--hint"):
        control_named(None, "canny", None, None)
    with pytest.raises(InputError, match=r"no ControlNet is named.*--control-strength"):
        control_named(None, None, None, 0.5)
    with pytest.raises(InputError, match="a ControlNet is told something"):
        control_named(Path("net"), None, None, None)


def test_another_mend_is_not_said_to_be_led(study: Study, tracker: MemoryTracker) -> None:
    picked(study)
    huanhua("mend", "x", "--parts", "hands")
    assert tracker.seeds[SEED].params["mended.control"] == "none"
    found = outcome_of(study).mended
    assert found is not None
    assert found.held is None

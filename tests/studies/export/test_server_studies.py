"""What a study that a server draws gives back: the user's own workflow or infotext, and pictures that carry them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from models.errors import InputError
from optimizer.render.remote.comfyui.workflow import open_workflow
from optimizer.testing.fake_server.comfyui import FakeComfyUI
from optimizer.testing.fake_server.serving import serving
from optimizer.testing.fake_server.webui import FakeWebui
from optimizer.testing.fake_server.workflows import plain
from studies.export.export import export_to
from studies.export.limits.targets import Target
from studies.export.page_graph import with_inputs
from studies.pipeline import run_study
from studies.run.outcome import Outcome
from studies.study import Study
from studies.testing.served_study import ServedStudy, painted_scene
from studies.tracking.memory import MemoryTracker

WORKFLOW = plain({"dress.safetensors": 1.0, "shoes.safetensors": 0.9})


def page_of(nodes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The graph as ComfyUI's page keeps it: values in a list, and what becomes of the seed after it."""
    found = []
    for id_, node in nodes.items():
        values = []
        for name, value in node["inputs"].items():
            if not isinstance(value, list):
                values += [value, "randomize"] if name == "seed" else [value]
        found.append({"id": int(id_), "type": node["class_type"], "widgets_values": values})
    return {"nodes": found, "links": []}


def comfyui_study(folder: Path, url: str, page: Any = None) -> ServedStudy:
    served = ServedStudy(folder)
    served.write({"with": "comfyui", "workflow": "mine_api.json", "url": url}, workflow=WORKFLOW)
    if page is not None:
        chunks = PngInfo()
        chunks.add_text("prompt", (folder / "mine_api.json").read_text())
        chunks.add_text("workflow", json.dumps(page))
        Image.new("RGB", (64, 96)).save(folder / "mine.png", pnginfo=chunks)
        path = folder / "study.yaml"
        path.write_text(path.read_text().replace("mine_api.json", "mine.png"))
    return served


@pytest.fixture
def comfyui() -> Iterator[str]:
    with serving(FakeComfyUI(paint=painted_scene).app()) as server:
        yield server.url


def picked(served: ServedStudy) -> tuple[Study, Outcome]:
    study = served.open()
    (outcome,) = run_study(study, trials=8, tracker=MemoryTracker())
    assert outcome.pick is not None
    served.close()
    return study, outcome


def test_the_users_own_workflow_comes_back_with_the_pick_in_it(tmp_path: Path, comfyui: str) -> None:
    study, outcome = picked(comfyui_study(tmp_path, comfyui))
    assert outcome.pick is not None
    (path,) = export_to(study, outcome, "comfyui").paths
    before, after = json.loads((tmp_path / "mine_api.json").read_text()), json.loads(path.read_text())
    own, weights = open_workflow(path).own, outcome.pick.point.weights
    assert own.loras == {"dress.safetensors": weights["dress"], "shoes.safetensors": weights["shoes"]}
    assert own.seed == outcome.seed
    assert own.prompt == "1girl, testdress"
    assert {id_ for id_ in before if before[id_] != after[id_]} == {"10", "11", "2", "5"}
    changed = {name for name, value in after["5"]["inputs"].items() if value != before["5"]["inputs"][name]}
    assert changed == {"seed"}


def test_a_picture_of_comfyui_gives_the_pages_graph_too(tmp_path: Path, comfyui: str) -> None:
    study, outcome = picked(comfyui_study(tmp_path, comfyui, page_of(WORKFLOW)))
    assert outcome.pick is not None
    page, api = export_to(study, outcome, "comfyui").paths
    values = {node["id"]: node["widgets_values"] for node in json.loads(page.read_text())["nodes"]}
    weights = outcome.pick.point.weights
    assert values[10] == ["dress.safetensors", weights["dress"], weights["dress"]]
    assert values[5][:2] == [7, "randomize"]
    assert values[5][2:] == next(n for n in page_of(WORKFLOW)["nodes"] if n["id"] == 5)["widgets_values"][2:]
    assert values[2] == ["1girl, testdress"]
    (png,) = export_to(study, outcome, "png").paths
    with Image.open(png) as picture:
        assert json.loads(picture.info["prompt"]) == json.loads(api.read_text())
        assert json.loads(picture.info["workflow"]) == json.loads(page.read_text())
    assert open_workflow(png).own == open_workflow(api).own


def test_a_page_whose_values_do_not_line_up_is_not_written(tmp_path: Path, comfyui: str) -> None:
    odd = page_of(WORKFLOW)
    next(node for node in odd["nodes"] if node["id"] == 10)["widgets_values"] = ["?"]
    study, outcome = picked(comfyui_study(tmp_path, comfyui, odd))
    done = export_to(study, outcome, "comfyui")
    assert [path.suffix for path in done.paths] == [".json"]
    assert done.paths[0].name.endswith("-api.json")
    assert "LoraLoader (10) strength_model" in done.notes[0]


def test_values_of_a_page_are_found_by_their_order() -> None:
    page = {
        "nodes": [{"id": 5, "widgets_values": [7, "fixed", 20, 7, "euler"]}, {"id": 9, "widgets_values": {"x": 1, "y": True}}]
    }
    api = {
        "5": {
            "class_type": "KSampler",
            "inputs": {"seed": 7, "steps": 20, "cfg": 7.0, "sampler_name": "euler", "model": ["1", 0]},
        },
        "9": {"class_type": "Mine", "inputs": {"x": 1, "y": 1}},
        "12:3": {"class_type": "Inner", "inputs": {"x": 1}},
    }
    found, left = with_inputs(page, api, [("5", "cfg", 5.5), ("9", "x", 2), ("9", "y", 3), ("12:3", "x", 4)])
    assert found["nodes"][0]["widgets_values"] == [7, "fixed", 20, 5.5, "euler"]
    assert found["nodes"][1]["widgets_values"] == {"x": 2, "y": True}
    assert left == ["Mine (9) y", "Inner (12:3) x"]
    assert page["nodes"][0]["widgets_values"] == [7, "fixed", 20, 7, "euler"]


@pytest.mark.parametrize("to", ["diffusers", "lora", "a1111"])
def test_what_needs_the_base_or_a1111s_words_is_refused(tmp_path: Path, comfyui: str, to: Target) -> None:
    study, outcome = picked(comfyui_study(tmp_path, comfyui))
    with pytest.raises(InputError, match=r"use --to comfyui"):
        export_to(study, outcome, to)
    assert not study.workspace.exports.exists()


def test_a_webui_study_gives_infotext(tmp_path: Path) -> None:
    served = ServedStudy(tmp_path)
    with serving(FakeWebui(paint=painted_scene).app()) as server:
        (tmp_path / "payload.json").write_text('{"alwayson_scripts": {}}')
        served.write({"with": "webui", "url": server.url, "payload": "payload.json"}, base={"checkpoint": "base"})
        study, outcome = picked(served)
    assert outcome.pick is not None
    done = export_to(study, outcome, "a1111")
    text = done.paths[0].read_text()
    weights = outcome.pick.point.weights
    assert f"<lora:dress:{weights['dress']:g}>" in text
    assert "Model: base" in text
    assert done.notes == ("what payload.json sets is not in it",)
    (png,) = export_to(study, outcome, "png").paths
    with Image.open(png) as picture:
        assert picture.info["parameters"].strip() == text.strip()
    with pytest.raises(InputError, match=r"does not tell the base's family"):
        export_to(study, outcome, "comfyui")

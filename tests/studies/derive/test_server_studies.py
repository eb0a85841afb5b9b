"""Swaps and forks of studies that a server draws: the same workflow and payload, and another LoRA to be asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from models.errors import InputError
from optimizer.testing.fake_server.comfyui import FakeComfyUI
from optimizer.testing.fake_server.serving import serving
from optimizer.testing.fake_server.workflows import plain
from studies.derive.fork import fork_study
from studies.derive.swap import parse_swap, swap_lora
from studies.pipeline import run_study
from studies.study import Study
from studies.testing.served_study import ServedStudy, painted_scene
from studies.tracking.memory import MemoryTracker


def swapped(study: Study, folder: Path, change: str, **more: str) -> dict[str, object]:
    name, file = parse_swap(change, study)
    text = (study.root / "study.yaml").read_text()
    photos = study.root / "photos"
    swap_lora(study, text, name, file, folder, references=photos, trigger=more.get("trigger"))
    found: dict[str, object] = yaml.safe_load((folder / "study.yaml").read_text())
    return found


def test_a_swap_through_a_workflow_names_the_node_and_finds_the_workflow(tmp_path: Path) -> None:
    old = ServedStudy(tmp_path / "old")
    draw = {"with": "comfyui", "workflow": "mine_api.json"}
    loras = {"dress.safetensors": 0.4, "shoes.safetensors": 0.6}
    fake = FakeComfyUI(paint=painted_scene, loras=(*loras, "sub/coat.safetensors"))
    with serving(fake.app()) as server:
        old.write({**draw, "url": server.url}, workflow=plain(loras))
        run_study(old.open(), trials=4, tracker=MemoryTracker())
        found = swapped(old.open(), tmp_path / "new", "dress=coat.safetensors")
        assert found["draw"] == {
            "with": "comfyui", "url": server.url, "workflow": "../old/mine_api.json", "nodes": {"loras.dress": "10"}
        }  # fmt: skip
        new = ServedStudy(tmp_path / "new")
        study = new.open()
        study.backend.identity()
        assert study.backend.models().loras["dress"].hash == "sub/coat.safetensors"
        old.close()
        new.close()


def test_a_swap_keeps_the_folder_that_the_server_has_the_old_one_in(tmp_path: Path) -> None:
    old = ServedStudy(tmp_path / "old")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "payload.json").write_text("{}")
    old.write(
        {"with": "webui", "loras": {"dress": "sub/dress"}, "payload": "payload.json"},
        base={"checkpoint": "base"},
        loras={
            "dress": {"file": "d.safetensors", "kind": "clothing", "references": "photos", "trigger": "testdress"},
            "shoes": {"file": "s.safetensors", "kind": "shoes", "references": "photos", "trigger": "myshoes"},
        },
    )
    study = old.open()
    study.backend.models = lambda: None  # type: ignore[method-assign, assignment, return-value]
    study.triggers = {"dress": "testdress"}
    found = swapped(study, tmp_path / "new", "dress=coat.safetensors", trigger="mycoat")
    assert found["draw"] == {"with": "webui", "loras": {"dress": "sub/coat.safetensors"}, "payload": "../old/payload.json"}
    assert found["prompt"] == "1girl, mycoat"


def test_several_nodes_that_load_it_are_named(tmp_path: Path) -> None:
    old = ServedStudy(tmp_path / "old")
    nodes = plain({"dress.safetensors": 0.4, "shoes.safetensors": 0.6})
    nodes["11"]["inputs"]["lora_name"] = "dress.safetensors"
    nodes["12"] = {
        **nodes["11"],
        "inputs": {**nodes["11"]["inputs"], "lora_name": "shoes.safetensors", "model": ["11", 0], "clip": ["11", 1]},
    }
    for reader, key, output in (("5", "model", 0), ("2", "clip", 1), ("3", "clip", 1)):
        nodes[reader]["inputs"][key] = ["12", output]
    old.write({"with": "comfyui", "workflow": "mine_api.json"}, workflow=nodes)
    study = old.open()
    study.triggers = {}
    with pytest.raises(InputError, match=r"2 nodes load dress"):
        swapped(study, tmp_path / "new", "dress=coat.safetensors")
    assert not (tmp_path / "new").exists()


def test_a_fork_takes_the_trials_along_and_draws_none_again(tmp_path: Path) -> None:
    old = ServedStudy(tmp_path / "old")
    fake = FakeComfyUI(paint=painted_scene)
    with serving(fake.app()) as server:
        path = old.write({"with": "comfyui", "workflow": "mine_api.json", "url": server.url})
        first = run_study(old.open(), trials=6, tracker=MemoryTracker())
        drawn = len(fake.drawn)
        _, counts = fork_study(old.open(), path.read_text(), tmp_path / "new")
        new = ServedStudy(tmp_path / "new")
        again = run_study(new.open(), trials=6, tracker=MemoryTracker())
        assert counts == {7: 6}
        assert [t.judged.point for t in again[0].trials] == [t.judged.point for t in first[0].trials]
        # The server is asked anew for a new workspace, and its start image compared with the one that came along.
        start = {name: lora.start for name, lora in new.open().spec.searched().items()}
        assert [scene.loras for scene in fake.drawn[drawn:]] == [start]
        old.close()
        new.close()

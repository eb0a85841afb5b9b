"""What is given decides what draws the new study: a workflow ComfyUI, anything else huanhua, unless a person says otherwise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from models.errors import InputError
from optimizer.render.remote.comfyui.workflow import open_workflow
from optimizer.render.remote.server_lora import StudyLora
from studies.drawing.comfyui import ComfyuiDraw
from studies.drawing.section import HuanhuaDraw
from studies.drawing.webui import WebuiDraw
from studies.project.new import new_project
from studies.spec import StudySpec, read_spec
from studies.starter.new_study import Wanted, new_study
from tests.studies.picture_settings.drawings import png, saved

LINE = "Steps: 25, Sampler: Restart, Schedule type: Karras, CFG scale: 6, Seed: 123, Size: 512x768, Model: real"
TEXT = f"a [cat|dog] <lora:d:0.8>\n{LINE}"


def graph(*loras: tuple[str, float], seed: int = 5) -> dict[str, Any]:
    nodes: dict[str, Any] = {"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd15/x.safetensors"}}}
    last = "1"
    for i, (file, strength) in enumerate(loras):
        inputs = {"model": [last, 0], "clip": [last, 1], "lora_name": file, "strength_model": strength, "strength_clip": 0.5}
        last = f"2{i}"
        nodes[last] = {"class_type": "LoraLoader", "inputs": inputs}
    nodes["3"] = {"class_type": "CLIPTextEncode", "inputs": {"text": "a girl, 裙子", "clip": [last, 1]}}
    nodes["4"] = {"class_type": "CLIPTextEncode", "inputs": {"text": "bad", "clip": [last, 1]}}
    nodes["5"] = {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}}
    sampling = {"model": [last, 0], "positive": ["3", 0], "negative": ["4", 0], "latent_image": ["5", 0], "denoise": 1.0}
    sampling |= {"seed": seed, "steps": 20, "cfg": 7.5, "sampler_name": "uni_pc_bh2", "scheduler": "beta"}
    nodes["6"] = {"class_type": "KSampler", "inputs": sampling}
    nodes["7"] = {"class_type": "VAEDecode", "inputs": {"samples": ["6", 0], "vae": ["1", 2]}}
    nodes["8"] = {"class_type": "SaveImage", "inputs": {"images": ["7", 0]}}
    return nodes


def made(folder: Path, source: Path, **wanted: Any) -> StudySpec:
    study = folder / "study"
    files = new_study(study, Wanted(source, **wanted))
    study.mkdir()
    for name, text in files.items():
        saved(study, name, text.encode())
    return read_spec(study / "study.yaml")


def carriers(document: Any) -> Sequence[bytes]:
    page: dict[str, Any] = {"nodes": [], "links": []}
    return [
        json.dumps(document).encode(),
        json.dumps({"prompt": document, "client_id": "x"}).encode(),
        png({"prompt": json.dumps(document), "workflow": json.dumps(page)}),
        png({"prompt": json.dumps(document), "parameters": TEXT}),
    ]


@pytest.mark.parametrize("number", range(4))
def test_a_workflow_is_drawn_by_comfyui(tmp_path: Path, number: int) -> None:
    nodes = graph(("sub\\dress.safetensors", 0.8), ("shoes.safetensors", 1.5))
    spec = made(tmp_path, saved(tmp_path, "given", carriers(nodes)[number]))
    assert isinstance(spec.draw, ComfyuiDraw)
    assert (spec.draw.workflow, spec.draw.url, spec.draw.loras) == ("workflow_api.json", "http://127.0.0.1:8188", {})
    assert json.loads((tmp_path / "study" / "workflow_api.json").read_text(encoding="utf-8")) == nodes
    assert (spec.prompt, spec.negative_prompt, spec.seeds) == ("a girl, 裙子", "bad", [5])
    assert (spec.render.sampler, spec.render.steps, spec.render.cfg) == ("uni_pc_bh2 beta", 20, 7.5)
    assert {name: (lora.start, lora.bounds) for name, lora in spec.loras.items()} == {
        "dress": (0.8, (0.0, 1.0)),
        "shoes": (1.5, (0.0, 1.5)),
    }
    workflow = open_workflow(tmp_path / "study" / "workflow_api.json")
    slots = workflow.loras([StudyLora(name, Path(lora.last)) for name, lora in spec.loras.items()])
    assert {name: [slot.slot.node.id for slot in found] for name, found in slots.items()} == {"dress": ["20"], "shoes": ["21"]}


def test_two_files_of_one_name_are_told_apart_by_the_server_s_names(tmp_path: Path) -> None:
    source = saved(tmp_path, "w.json", json.dumps(graph(("a/d.safetensors", 0.8), ("b/d.safetensors", 0.3))).encode())
    spec = made(tmp_path, source)
    assert isinstance(spec.draw, ComfyuiDraw)
    assert spec.draw.loras == {"d": "a/d.safetensors", "d_2": "b/d.safetensors"}


def test_what_a_study_cannot_say_of_a_workflow_is_told(tmp_path: Path) -> None:
    nodes = graph(("d.safetensors", -0.5), ("e.safetensors", 0.5), seed=2**70)
    nodes["9"] = {"class_type": "LoraLoader", "inputs": {**nodes["20"]["inputs"], "lora_name": "idle.safetensors"}}
    text = new_study(tmp_path, Wanted(saved(tmp_path, "w.json", json.dumps(nodes).encode())))["study.yaml"]
    for told in (
        "#   LoRA d's strength: -0.5 in the picture; a study takes 0 to 2",
        "#   LoRA idle: left out, no sampler reads it in node 9 (LoraLoader)",
        f"#   Seed: {2**70}; a study takes 0 to {2**64 - 1}",
        "sampler uni_pc_bh2 beta",
    ):
        assert told in text


def test_nodes_are_named_where_several_would_do(tmp_path: Path) -> None:
    nodes = graph(("d.safetensors", 0.5))
    nodes["66"] = nodes["6"]
    nodes["9"] = {"class_type": "ImageBatch", "inputs": {"image1": ["7", 0], "image2": ["77", 0]}}
    nodes["77"] = {"class_type": "VAEDecode", "inputs": {"samples": ["66", 0], "vae": ["1", 2]}}
    nodes["8"]["inputs"]["images"] = ["9", 0]
    source = saved(tmp_path, "w.json", json.dumps(nodes).encode())
    with pytest.raises(InputError, match=r"name the one that the study sets: --node sampler=ID"):
        new_study(tmp_path / "study", Wanted(source))
    spec = made(tmp_path, source, nodes=("sampler=66",))
    assert isinstance(spec.draw, ComfyuiDraw)
    assert spec.draw.nodes == {"sampler": "66"}


def test_huanhua_draws_a_workflow_if_it_is_asked_to(tmp_path: Path) -> None:
    source = saved(tmp_path, "w.json", json.dumps(graph(("d.safetensors", 0.8))).encode())
    spec = made(tmp_path, source, draw="huanhua")
    assert isinstance(spec.draw, HuanhuaDraw)
    assert (spec.base.checkpoint, spec.render.rng, spec.loras["d"].start) == ("models/x.safetensors", "cpu", 0.8)
    text = (tmp_path / "study" / "study.yaml").read_text(encoding="utf-8")
    assert "LoRA d: text encoder at 0.5 in the picture" in text
    assert "Sampler: uni_pc_bh2 Beta in the picture, which is not known here" in text


def test_a_webui_draws_what_a1111_reads(tmp_path: Path) -> None:
    source = saved(tmp_path, "a.png", png({"parameters": TEXT}))
    spec = made(tmp_path, source, draw="webui", url="http://127.0.0.1:7861")
    assert isinstance(spec.draw, WebuiDraw)
    assert (spec.draw.url, spec.render.sampler, spec.prompt) == ("http://127.0.0.1:7861", "Restart Karras", "a [cat|dog]")
    text = (tmp_path / "study" / "study.yaml").read_text(encoding="utf-8")
    assert "# Filled in" not in text
    here = new_study(tmp_path / "other", Wanted(source))["study.yaml"]
    assert "alternation '[cat|dog]'" in here
    assert "Sampler: Restart Karras in the picture, which is not known here" in here


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"draw": "comfyui"}, "no workflow of ComfyUI"),
        ({"nodes": ("sampler=5",)}, "--node names nodes of a workflow"),
        ({"url": "http://127.0.0.1:1"}, "--url is a server's"),
    ],
)
def test_options_that_do_not_fit_a_picture_are_refused(tmp_path: Path, wanted: dict[str, Any], says: str) -> None:
    source = saved(tmp_path, "a.png", png({"parameters": TEXT}))
    with pytest.raises(InputError, match=says):
        new_study(tmp_path / "study", Wanted(source, **wanted))


@pytest.mark.parametrize("wanted", [{"draw": "webui"}, {"url": "http://x"}, {"nodes": ("a=b",)}, {"loras": Path("loras")}])
def test_options_without_a_source_are_refused(tmp_path: Path, wanted: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="--from"):
        new_study(tmp_path / "study", Wanted(**wanted))


@pytest.mark.parametrize(
    ("node", "key", "value", "says"),
    [
        ("6", "cfg", float("inf"), "no finite number"),
        ("6", "cfg", -1, "render.cfg"),
        ("6", "steps", 10**12, "render.steps"),
        ("6", "steps", ["9", 0], "computes its steps"),
        ("20", "model", ["20", 0], "needs its own result"),
        ("5", "width", 10**9, "the workflow draws 1000000000x768 pixels"),
        ("20", "lora_name", 5, "lora_name of node 20 .LoraLoader. is 5"),
    ],
)
def test_a_workflow_that_no_study_takes_is_refused_before_anything_is_written(
    tmp_path: Path, node: str, key: str, value: Any, says: str
) -> None:
    nodes = graph(("d.safetensors", 0.5))
    nodes["9"] = {"class_type": "Sum", "inputs": {"a": 1, "b": 2}}
    nodes[node]["inputs"][key] = value
    source = saved(tmp_path, "w.json", json.dumps(nodes).encode())
    with pytest.raises(InputError, match=says) as refused:
        new_study(tmp_path / "study", Wanted(source))
    assert refused.value.where == str(source)
    assert not (tmp_path / "study").exists()


def test_a_file_of_json_without_settings_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the file carries no settings of a picture"):
        new_study(tmp_path / "study", Wanted(saved(tmp_path, "a.json", b"[]")))


def test_a_workflow_without_loras_and_a_wrong_node_are_refused(tmp_path: Path) -> None:
    source = saved(tmp_path, "w.json", json.dumps(graph()).encode())
    with pytest.raises(InputError, match="the workflow loads no LoRA"):
        new_study(tmp_path, Wanted(source))
    with pytest.raises(InputError, match="write it as KEY=ID"):
        new_study(tmp_path, Wanted(source, nodes=("sampler",)))


@pytest.mark.parametrize("source", [TEXT, json.dumps(graph(("d.safetensors", 0.8)))])
def test_the_study_names_the_check_that_works_from_where_it_is_typed(tmp_path: Path, source: str) -> None:
    new_project(tmp_path / "p")
    wanted = Wanted(saved(tmp_path, "a.txt", source.encode()))
    for folder, words in (
        ("p/studies/my study", "'my study'"),
        ("p/other", ".   (in this folder)"),
        ("o", ".   (in this folder)"),
    ):
        for asked in (wanted, Wanted()):
            head = new_study(tmp_path / folder, asked)["study.yaml"].partition("\n")[0]
            assert head.endswith(f"Check it with: huanhua validate {words}")


def test_a_source_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^no such file: .*none\.png; "):
        new_study(tmp_path / "s", Wanted(tmp_path / "none.png"))
    with pytest.raises(InputError, match=r"^a folder, not a picture: "):
        new_study(tmp_path / "s", Wanted(tmp_path))

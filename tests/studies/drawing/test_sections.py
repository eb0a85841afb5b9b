"""`draw` in study.yaml: what a workflow fills in, and what is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from models.errors import InputError
from optimizer.testing.fake_server.workflows import plain
from studies.drawing.comfyui import ComfyuiDraw
from studies.drawing.registry import WAYS, way_named
from studies.drawing.section import HuanhuaDraw
from studies.model_facts import facts_source
from studies.spec import StudySpec, read_spec, schema
from studies.testing.lab_study import SPEC
from studies.testing.served_study import ServedStudy

COMFYUI = {"with": "comfyui", "workflow": "mine_api.json"}


def written(folder: Path, draw: Any = COMFYUI, nodes: Any = None, **changes: Any) -> StudySpec:
    served = ServedStudy(folder)
    served.write(COMFYUI, workflow=nodes, **changes)
    path = folder / "study.yaml"
    sections = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**sections, "draw": draw, **changes}))
    return read_spec(path)


def test_a_workflow_fills_in_what_the_study_file_leaves_out(tmp_path: Path) -> None:
    spec = written(tmp_path, prompt="1girl, my own")
    assert spec.base.checkpoint == "base.safetensors"
    assert (spec.prompt, spec.negative_prompt) == ("1girl, my own", "lowres")
    render = spec.render
    assert (render.steps, render.cfg, render.sampler, render.width, render.height) == (4, 7.5, "euler normal", 64, 96)
    assert isinstance(spec.draw, ComfyuiDraw)
    assert written(tmp_path, render={"steps": 9}).render.steps == 9


def test_ids_of_nodes_may_be_numbers(tmp_path: Path) -> None:
    spec = written(tmp_path, {**COMFYUI, "nodes": {"sampler": 5}})
    assert isinstance(spec.draw, ComfyuiDraw)
    assert spec.draw.nodes == {"sampler": "5"}


@pytest.mark.parametrize(
    ("draw", "changes", "line"),
    [
        ({"with": "fooocus"}, {}, r"draw: .*'huanhua', 'comfyui', 'webui'"),
        ({"url": "http://127.0.0.1:1"}, {}, r"draw: .*with"),
        ("comfyui", {}, r"draw: "),
        ({"with": "comfyui"}, {"base": {"checkpoint": "b"}}, r"draw.workflow: Field required"),
        ({**COMFYUI, "workflow": 7}, {"base": {"checkpoint": "b"}}, r"draw.workflow"),
        ({**COMFYUI, "workflow": "gone.json"}, {}, r"no such workflow: .*gone.json"),
        ({**COMFYUI, "sampler": "x"}, {}, r"unknown key draw.sampler"),
        ({**COMFYUI, "tolerance": -1}, {}, r"draw.tolerance"),
        ({**COMFYUI, "url": []}, {}, r"draw.url: no address"),
        ({**COMFYUI, "url": ["http://127.0.0.1:8188", "http://127.0.0.1:8188/"]}, {}, r"draw.url: an address is named twice"),
        ({**COMFYUI, "url": "ftp://here"}, {}, r"not an address of a server"),
        ({**COMFYUI, "url": "http://me:secret@127.0.0.1:8188"}, {}, r"HUANHUA_DRAW_USER"),
        ({**COMFYUI, "nodes": {"sampler": "99"}}, {}, r"99"),
        (COMFYUI, {"render": {"width": 64}}, r"render.width has no effect here: the workflow decides it"),
        (COMFYUI, {"render": {"device": "cpu"}}, r"render.device has no effect here"),
        (COMFYUI, {"base": {"clip_skip": 2}}, r"base.clip_skip has no effect here"),
        (COMFYUI, {"base": {"checkpoint": "other.safetensors"}}, r"the workflow loads base.safetensors, not other.safetensors"),
        (COMFYUI, {"render": 5}, r"render"),
        ({"with": "webui"}, {"base": {"checkpoint": "b", "dtype": "float32"}}, r"base.dtype has no effect here"),
    ],
)
def test_refuses_in_one_line(tmp_path: Path, draw: Any, changes: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError, match=line) as raised:
        written(tmp_path, draw, **changes)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_workflow_in_the_pages_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"API"):
        written(tmp_path, nodes={"nodes": [], "links": [], "version": 0.4})


def test_a_workflow_without_a_place_for_a_setting(tmp_path: Path) -> None:
    nodes = plain()
    # SamplerCustomAdvanced with BasicGuider takes no CFG.
    model, positive = nodes["5"]["inputs"]["model"], nodes["5"]["inputs"]["positive"]
    nodes["30"] = {"class_type": "RandomNoise", "inputs": {"noise_seed": 5}}
    nodes["31"] = {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}}
    nodes["32"] = {"class_type": "BasicScheduler", "inputs": {"model": model, "scheduler": "simple", "steps": 4, "denoise": 1.0}}
    nodes["33"] = {"class_type": "BasicGuider", "inputs": {"model": model, "conditioning": positive}}
    links = {"noise": ["30", 0], "guider": ["33", 0], "sampler": ["31", 0], "sigmas": ["32", 0], "latent_image": ["4", 0]}
    nodes["5"] = {"class_type": "SamplerCustomAdvanced", "inputs": links}
    del nodes["3"]
    assert written(tmp_path, nodes=nodes).render.cfg == 1
    with pytest.raises(InputError, match=r"no place for cfg: .*take render.cfg out, or name draw.nodes.cfg"):
        written(tmp_path, nodes=nodes, render={"cfg": 3})


def test_a_changed_workflow_or_address_is_another_source_of_facts_and_huanhuas_own_is_as_it_was(tmp_path: Path) -> None:
    spec = written(tmp_path)
    before = facts_source(spec, tmp_path)
    assert before == facts_source(spec, tmp_path)
    (tmp_path / "mine_api.json").write_text(json.dumps(plain(size=(64, 96), steps=12)))
    assert facts_source(spec, tmp_path) != before
    own = StudySpec.model_validate(SPEC)
    assert isinstance(own.draw, HuanhuaDraw)
    assert "draw" not in facts_source(own, tmp_path)


def test_the_schema_describes_every_way() -> None:
    described = json.dumps(schema())
    for name in WAYS:
        section = way_named(name)
        assert section is not None
        assert section.__name__ in described
        assert section.title
    assert way_named("nobody") is way_named(7) is None

"""The renderer over a fake ComfyUI: what it draws, and what it says of the server."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.errors import InputError
from optimizer.point import Job
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.base import DrawingCancelledError
from optimizer.render.remote.client import Patience
from optimizer.render.remote.comfyui.renderer import ComfyRenderer
from optimizer.render.remote.server_lora import StudyLora
from optimizer.testing.fake_server import workflows
from optimizer.testing.fake_server.comfyui import FakeComfyUI
from optimizer.testing.fake_server.scene import Scene, flat
from optimizer.testing.fake_server.serving import Serving, serving
from optimizer.testing.fake_server.workflows import Nodes, node
from optimizer.testing.remote_renderer_conformance import RemoteRendererSuite
from optimizer.testing.renderer_conformance import difference
from tests.optimizer.render.remote.comfyui.drawn_with import LORAS, job, renderer_over


@pytest.fixture
def fake() -> FakeComfyUI:
    return FakeComfyUI()


@pytest.fixture
def server(fake: FakeComfyUI) -> Iterator[Serving]:
    with serving(fake.app()) as running:
        fake.on_death = lambda: threading.Thread(target=_killed_and_started, args=(running,)).start()
        yield running


def _killed_and_started(running: Serving) -> None:
    running.stop()
    time.sleep(0.2)
    running.start()


@pytest.fixture
def renderer(server: Serving) -> ComfyRenderer:
    return renderer_over(server.url)


class TestSuite(RemoteRendererSuite):
    @pytest.fixture
    def twin(self, server: Serving) -> ComfyRenderer:
        return renderer_over(server.url)

    @pytest.fixture
    def jobs(self) -> Sequence[Job]:
        return [job(0.1, 0.2), job(0.4, 0.2), job(0.4, 0.9)]


def picture(drawn: Image.Image | NotDrawn) -> Image.Image:
    assert isinstance(drawn, Image.Image)
    return drawn


def expected(of: Job, size: tuple[int, int] = (64, 96)) -> Image.Image:
    weights = dict(of.point.weights)
    return flat(Scene(of.seed, "", "", 0, 0, "", *size, weights))


def line(call: Callable[[], Any]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_job_reaches_the_sampler_whole(fake: FakeComfyUI, renderer: ComfyRenderer) -> None:
    asked = job(0.25, 0.5, seed=77, cfg=6.0, prompt="a coat", steps=3, sampler="DPM++ 2M Karras")
    assert difference(picture(renderer.render([asked])[0]), expected(asked)) == 0
    weights = {"dress": 0.25, "shoes": 0.5}
    assert fake.drawn == [Scene(77, "a coat", "lowres", 6.0, 3, "dpmpp_2m karras", 64, 96, weights)]


def test_a_fixed_lora_keeps_its_weight_unless_drawn_without(fake: FakeComfyUI, server: Serving) -> None:
    renderer = renderer_over(server.url, loras=[LORAS[0], replace(LORAS[1], fixed=0.3)])
    renderer.render([job(0.1, 0.9)])
    renderer.draw(job(0.1, 0.9), {"dress": 0.2})
    assert [dict(scene.loras) for scene in fake.drawn] == [{"dress": 0.1, "shoes": 0.3}, {"dress": 0.2, "shoes": 0.0}]
    assert renderer.identity()["fixed"] == {"shoes": 0.3}


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (workflows.controlnet, (64, 96)),
        (workflows.hires, (96, 144)),
        (workflows.refiner, (64, 96)),
        (workflows.flux, (64, 96)),
    ],
)
def test_workflows_of_other_shapes_draw_the_study(
    fake: FakeComfyUI, server: Serving, make: Callable[[], Nodes], size: tuple[int, int]
) -> None:
    renderer = renderer_over(server.url, make())
    steps: list[tuple[int, int]] = []
    renderer._on_step = lambda done, of: steps.append((done, of))
    asked = job(0.25, 0.5, seed=77)
    image = picture(renderer.render([asked])[0])
    assert image.size == size == (renderer.facts().width, renderer.facts().height)
    (first, *_) = fake.drawn
    assert (first.seed, first.prompt, first.cfg, dict(first.loras)) == (77, workflows.POSITIVE, 7.5, asked.point.weights)
    assert len({scene.loras["dress"] for scene in fake.drawn if scene.loras}) == 1
    assert steps[-1] == (sum(scene.steps for scene in fake.drawn),) * 2
    assert steps == sorted(steps)


def test_nothing_is_written_to_the_users_folders(fake: FakeComfyUI, server: Serving, renderer: ComfyRenderer) -> None:
    renderer.render([job()])
    kinds = {entry["class_type"] for entry in fake.last_nodes.values()}
    assert "SaveImage" not in kinds
    assert "SaveImageWebsocket" in kinds


def test_where_the_websocket_node_is_missing_the_temporary_folder_serves(fake: FakeComfyUI, renderer: ComfyRenderer) -> None:
    fake.lacks = frozenset({"SaveImageWebsocket"})
    for asked in (job(0.1), job(0.2), job(0.1)):
        assert difference(picture(renderer.render([asked])[0]), expected(asked)) == 0
    assert "/view" in fake.asked


@pytest.mark.parametrize("origins", [True, False])
def test_previews_of_steps_are_no_results(fake: FakeComfyUI, renderer: ComfyRenderer, origins: bool) -> None:
    fake.previews, fake.origins = True, origins
    for asked in (job(0.1), job(0.2)):
        assert difference(picture(renderer.render([asked])[0]), expected(asked)) == 0


def test_the_servers_cache_is_used_and_left_aside_where_it_must_be(fake: FakeComfyUI, renderer: ComfyRenderer) -> None:
    asked = job()
    weights = dict(asked.point.weights)
    renderer.render([asked])
    assert fake.asked.count("/free") == 1, "another file may have been loaded under a LoRA's name"
    assert (renderer.was_drawn, len(fake.drawn)) == (True, 1)
    renderer.render([asked])
    assert (renderer.was_drawn, len(fake.drawn), fake.asked.count("/free")) == (False, 1, 1)
    renderer.draw(asked, weights, afresh=True)
    assert (renderer.was_drawn, len(fake.drawn), fake.asked.count("/free")) == (True, 2, 2)
    renderer.render([job(0.9)])
    renderer.draw(asked, weights, afresh=True)
    assert (renderer.was_drawn, fake.asked.count("/free")) == (True, 2), "what is not kept needs no emptied cache"
    fake.frees, fake.keeps_all = False, True
    renderer._client.patience = Patience(sleep=lambda seconds: None)
    renderer.render([asked])
    assert "answers from its cache" in line(lambda: renderer.draw(asked, weights, afresh=True))


def test_a_batch_in_the_workflow_is_drawn_as_one(fake: FakeComfyUI, server: Serving) -> None:
    nodes = workflows.plain()
    nodes["4"]["inputs"]["batch_size"] = 4
    assert picture(renderer_over(server.url, nodes).render([job()])[0]).size == (64, 96)
    assert fake.last_nodes["4"]["inputs"]["batch_size"] == 1


def test_what_only_replaced_links_needed_is_not_sent(fake: FakeComfyUI, server: Serving) -> None:
    nodes = workflows.plain()
    nodes["40"] = node("Odd Seed", mode="random")
    nodes["5"]["inputs"]["seed"] = ["40", 0]
    assert picture(renderer_over(server.url, nodes).render([job()])[0])
    assert "40" not in fake.last_nodes


def test_facts_and_identity(fake: FakeComfyUI, server: Serving, tmp_path: Path) -> None:
    for folder in ("checkpoints", "loras", "here"):
        (tmp_path / folder).mkdir()
    contents = {"checkpoints/base.safetensors": b"base", "loras/dress.safetensors": b"dress", "here/dress.safetensors": b"dress"}
    contents["here/shoes.safetensors"] = b"shoes"
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    fake.folders = {"checkpoints": [tmp_path / "none", tmp_path / "checkpoints"], "loras": [tmp_path / "loras"]}
    loras = [StudyLora(name, tmp_path / "here" / f"{name}.safetensors") for name in ("dress", "shoes")]
    renderer = renderer_over(server.url, workflows.controlnet(), loras)
    facts, identity = renderer.facts(), renderer.identity()
    assert (facts.kind, facts.version, facts.checkpoint, facts.device) == ("comfyui", "0.3.64", "base.safetensors", "cpu")
    assert facts.checkpoint_hash == identity["base"] == sha(b"base")
    assert identity["loras"] == {"dress": sha(b"dress"), "shoes": sha(b"shoes")}
    assert {"Euler", "Euler a Karras", "euler simple"} <= set(facts.samplers)
    assert "UniPC" not in facts.samplers
    assert facts.slots["loras.dress"] == "10 (LoraLoader)"
    assert facts.slots["prompt"] == '2 "Prompt" (CLIPTextEncode)'
    assert identity["inputs"] == {"21": sha(fake.pictures["pose.png"])}
    fake.pictures = {"pose.png": b"another pose"}
    assert renderer.identity() == identity
    assert "picture that node 21 (LoadImage) reads changed" in line(renderer.facts)
    assert renderer_over(server.url, workflows.controlnet(), loras).identity()["inputs"] == {"21": sha(b"another pose")}

    renderer.render([job()])
    (tmp_path / "loras/dress.safetensors").write_bytes(b"another dress")
    assert "file changed while it was in use" in line(lambda: renderer.render([job()]))
    assert "another file under the name dress.safetensors" in line(renderer.facts)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_what_a_server_states_of_a_file_stands_for_its_hash(fake: FakeComfyUI, server: Serving) -> None:
    plain = renderer_over(server.url).identity()
    assert plain["loras"]["dress"] == "dress.safetensors"
    fake.metadata = {"dress.safetensors": {"sshs_model_hash": "abc"}}
    assert renderer_over(server.url).identity()["loras"]["dress"].startswith("metadata ")


def test_a_named_loader_loads_the_studys_file(fake: FakeComfyUI, server: Serving) -> None:
    fake.loras = ["sub/coat.safetensors", "shoes.safetensors"]
    loras = [StudyLora("dress", Path("coat.safetensors")), LORAS[1]]
    renderer = renderer_over(server.url, loras=loras, named={"loras.dress": "10"})
    renderer.render([job(0.3, 0.2)])
    assert dict(fake.drawn[0].loras) == {"coat": 0.3, "shoes": 0.2}


def test_cancel_ends_the_image_on_the_server(fake: FakeComfyUI, renderer: ComfyRenderer) -> None:
    renderer.render([job()])
    fake.step_s = 0.4
    threading.Timer(0.3, renderer.cancel).start()
    with pytest.raises(DrawingCancelledError):
        renderer.render([job(0.9)])
    assert fake.asked.count("/interrupt") == 1
    fake.step_s = 0.0
    asked = job(0.8)
    assert difference(picture(renderer.render([asked])[0]), expected(asked)) == 0


def test_ctrl_c_stops_our_prompt_alone(fake: FakeComfyUI, renderer: ComfyRenderer) -> None:
    renderer.render([job()])
    renderer._on_step = _interrupted
    with pytest.raises(KeyboardInterrupt):
        renderer.render([job(0.9)])
    renderer._on_step = lambda done, of: None
    asked = job(0.8)
    assert difference(picture(renderer.render([asked])[0]), expected(asked)) == 0


def _interrupted(done: int, of: int) -> None:
    raise KeyboardInterrupt


def test_a_lora_of_several_files_is_loaded_by_the_one_that_a_job_names(fake: FakeComfyUI, server: Serving) -> None:
    """In the node that loads one of them; at weight 0 it is the last."""
    fake.loras = ["dress.safetensors", "sub/dress-1.safetensors", "shoes.safetensors"]
    loras = [*LORAS, StudyLora("dress@dress-1", Path("loras/dress-1.safetensors"))]
    renderer = renderer_over(server.url, loras=loras)
    for files in ({"dress": "dress-1"}, {}):
        renderer.render([job(0.3, 0.2, files=files)])
    renderer.render([job(0.0, 0.2, files={"dress": "dress-1"})])
    assert [dict(scene.loras) for scene in fake.drawn] == [
        {"dress-1": 0.3, "shoes": 0.2}, {"dress": 0.3, "shoes": 0.2}, {"dress": 0.0, "shoes": 0.2}
    ]  # fmt: skip
    assert set(renderer.identity()["loras"]) == {"dress", "dress@dress-1", "shoes"}
    assert renderer.identity()["workflow"] == renderer_over(server.url).identity()["workflow"]


def test_a_workflow_that_loads_two_files_of_one_lora_is_refused(server: Serving) -> None:
    loras = [LORAS[0], StudyLora("dress@shoes", Path("loras/shoes.safetensors"))]
    told = line(lambda: renderer_over(server.url, loras=loras))
    assert "the workflow loads several files of dress (dress.safetensors, shoes.safetensors)" in told

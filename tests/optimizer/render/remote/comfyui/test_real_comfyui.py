"""The renderer over a real ComfyUI with tiny random models."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from optimizer.point import Job
from optimizer.render.remote.base import DrawingCancelledError
from optimizer.render.remote.client import Patience
from optimizer.render.remote.comfyui.renderer import ComfyRenderer
from optimizer.render.remote.comfyui.workflow import Settings, open_workflow, workflow_from
from optimizer.render.remote.server_lora import StudyLora
from optimizer.testing.fake_server import workflows
from optimizer.testing.fake_server.workflows import Nodes, node
from optimizer.testing.remote_renderer_conformance import RemoteRendererSuite
from optimizer.testing.renderer_conformance import difference, images_of
from tests.optimizer.render.remote.comfyui.drawn_with import job, renderer_over
from tests.optimizer.render.remote.comfyui.real_comfyui import RealComfyUI, needs_comfyui, real_comfyui, tiny, write_lora
from tests.optimizer.render.remote.comfyui.test_renderer import line

pytestmark = [pytest.mark.slow, needs_comfyui]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealComfyUI]:
    with real_comfyui(tmp_path_factory.mktemp("comfyui"), "--preview-method", "latent2rgb") as running:
        yield running


def opened(server: RealComfyUI, nodes: Nodes | None = None, **options: Any) -> ComfyRenderer:
    folder = server.folder / "models/loras"
    loras = options.pop("loras", [StudyLora(name, folder / f"{name}.safetensors") for name in ("dress", "shoes")])
    return renderer_over(server.url, tiny(nodes or workflows.plain()), loras, **options)


@pytest.fixture
def renderer(server: RealComfyUI) -> ComfyRenderer:
    return opened(server)


class TestSuite(RemoteRendererSuite):
    @pytest.fixture
    def twin(self, server: RealComfyUI) -> ComfyRenderer:
        return opened(server)

    @pytest.fixture
    def jobs(self) -> Sequence[Job]:
        return [job(0.1, 0.2), job(0.4, 0.2), job(0.4, 0.9)]


@pytest.mark.parametrize(
    "make",
    [workflows.plain, workflows.hires, workflows.controlnet, workflows.refiner, workflows.flux, workflows.z_image],
)
def test_in_workflows_of_every_shape_all_settings_act(server: RealComfyUI, make: Callable[[], Nodes]) -> None:
    renderer = opened(server, make())
    facts = renderer.facts()
    start = job(0.5, 0.5)
    others = [job(0.6, 0.5), job(0.5, 0.6), job(0.5, 0.5, seed=6), job(0.5, 0.5, cfg=4.0), job(0.5, 0.5, prompt="blue")]
    others += [job(0.5, 0.5, steps=6), job(0.5, 0.5, sampler="dpmpp_2m karras")]
    first, *images = images_of(renderer, [start, *others])
    assert first.size == (facts.width, facts.height)
    assert [difference(first, image) > 1 for image in images] == [True] * len(others)
    assert difference(first, images_of(renderer, [start])[0]) == 0
    assert not list((server.folder / "out").iterdir())


def test_the_control_picture_acts_and_is_part_of_the_identity(server: RealComfyUI) -> None:
    renderer = opened(server, workflows.controlnet())
    (plain,), (controlled,) = images_of(opened(server), [job()]), images_of(renderer, [job()])
    assert difference(plain, controlled) > 1
    assert set(renderer.identity()["inputs"]) == {"21"}


def test_an_export_of_the_workflow_draws_the_same_image(server: RealComfyUI, renderer: ComfyRenderer) -> None:
    """What a user gets is saved by Save Image; its pixels are those that were judged."""
    workflow = workflow_from(tiny(workflows.plain()), "mine.json")
    loras = [StudyLora(name, Path(f"{name}.safetensors")) for name in ("dress", "shoes")]
    filled = workflow.filled(Settings(seed=31, weights={"dress": 0.3, "shoes": 0.2}), workflow.loras(loras))
    (expected,) = images_of(renderer, [job(0.3, 0.2, seed=31)])
    renderer._client.post("/prompt", {"prompt": filled, "client_id": "a user"})
    saved: list[Path] = []
    while not saved:
        time.sleep(0.2)
        saved = list((server.folder / "out").glob("api_*.png"))
    time.sleep(0.5)
    with Image.open(saved[0]) as image:
        assert difference(image.convert("RGB"), expected) == 0
    own = open_workflow(saved[0]).own
    assert (own.seed, own.loras) == (31, {"dress.safetensors": 0.3, "shoes.safetensors": 0.2})
    saved[0].unlink()


def test_a_prompt_that_is_stopped_ends_on_the_server(server: RealComfyUI) -> None:
    renderer = opened(server, workflows.plain(size=(512, 512), steps=200))
    renderer._on_step = lambda done, of: renderer.cancel() if done > 1 else None
    with pytest.raises(DrawingCancelledError):
        renderer.render([job()])
    deadline = time.monotonic() + 60
    while renderer._client.get("/queue")["queue_running"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_lora_none_of_whose_layers_fit_draws_the_image_without_it(server: RealComfyUI) -> None:
    """Which the server calls a success: a study proves that each LoRA acts."""
    folder = server.folder / "models/loras"
    write_lora(folder / "alien.safetensors", layers={"lora_unet_nothing_that_exists": (8, 8)})
    nodes = workflows.plain({"alien.safetensors": 0.5, "shoes.safetensors": 0.5})
    loras = [StudyLora("dress", folder / "alien.safetensors"), StudyLora("shoes", folder / "shoes.safetensors")]
    without, at_full = images_of(opened(server, nodes, loras=loras), [job(0.0), job(1.0)])
    assert difference(without, at_full) == 0


def test_another_file_under_the_same_name_is_not_served_from_the_cache(server: RealComfyUI) -> None:
    folder = server.folder / "models/loras"
    write_lora(folder / "coat.safetensors")
    nodes = workflows.plain({"coat.safetensors": 0.5, "shoes.safetensors": 0.5})
    loras = [StudyLora("dress", folder / "coat.safetensors"), StudyLora("shoes", folder / "shoes.safetensors")]
    (before,) = images_of(opened(server, nodes, loras=loras), [job()])
    write_lora(folder / "coat.safetensors", strength=-1.0)
    (after,) = images_of(opened(server, nodes, loras=loras), [job()])
    assert difference(before, after) > 1


def test_what_the_server_lacks_is_named(server: RealComfyUI) -> None:
    nodes = workflows.plain()
    nodes["5"]["inputs"]["sampler_name"] = "euler_ancestra"
    assert "the nearest it has: euler_ancestral" in line(lambda: opened(server, nodes).facts())
    nodes = workflows.plain()
    nodes["70"] = node("VAEDecodee", samples=["5", 0], vae=["1", 2])
    nodes["7"]["inputs"]["images"] = ["70", 0]
    assert "the nearest it has: VAEDecode" in line(lambda: opened(server, nodes).facts())
    nodes = workflows.plain(size=(64, 8))
    assert "8" in line(lambda: opened(server, nodes).render([job()]))


def test_a_program_that_is_killed_in_mid_image_loses_nothing(server: RealComfyUI) -> None:
    renderer = opened(server, workflows.plain(size=(256, 256), steps=30), patience=Patience(pauses=(0.5,) * 400))
    asked = job(0.3, 0.8)
    (expected,) = images_of(renderer, [asked])
    killed: list[bool] = []

    def kill_at(done: int, of: int) -> None:
        if done == 5 and not killed:
            killed.append(True)
            server.kill()
            threading.Thread(target=server.start, kwargs={"wait": False}).start()

    renderer._on_step = kill_at
    again = renderer.draw(asked, asked.point.weights, afresh=True)
    assert killed
    assert isinstance(again, Image.Image)
    assert difference(again, expected) == 0
    assert renderer.interruptions() == 1

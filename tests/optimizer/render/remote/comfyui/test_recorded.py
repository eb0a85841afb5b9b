"""The client played against what a real ComfyUI (0.3.64) answered."""

from __future__ import annotations

import base64
import io
import json

import pytest
from PIL import Image

from optimizer.render.remote.comfyui.prepared import IMAGE_ID
from optimizer.render.remote.comfyui.renderer import ComfyRenderer
from optimizer.testing.fake_server import workflows
from optimizer.testing.fake_server.serving import serving
from optimizer.testing.renderer_conformance import difference, images_of
from tests.optimizer.render.remote.comfyui.drawn_with import LORAS, job, renderer_over
from tests.optimizer.render.remote.comfyui.real_comfyui import tiny
from tests.optimizer.render.remote.comfyui.recording import FOLDER, SIZE, played
from tests.optimizer.render.remote.comfyui.test_renderer import line


def opened(url: str) -> ComfyRenderer:
    return renderer_over(url, tiny(workflows.plain(size=SIZE, steps=2)), LORAS, silence_s=5.0)


def image_of(name: str) -> Image.Image:
    """The last picture of the recording: previews are smaller."""
    entries = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    binaries = [base64.b64decode(entry["binary"]) for entry in entries if "binary" in entry]
    return Image.open(io.BytesIO(binaries[-1][binaries[-1].index(b"\x89PNG") :]))


def test_an_image_is_drawn_with_progress_and_the_kept_one_taken_again() -> None:
    player = played("drawn-twice")
    steps: list[tuple[int, int]] = []
    with serving(player.app()) as server:
        renderer = opened(server.url)
        renderer._on_step = lambda done, of: steps.append((done, of))
        facts = renderer.facts()
        first = images_of(renderer, [job(0.1, 0.2)])[0]
        drawn = renderer.was_drawn
        second = images_of(renderer, [job(0.1, 0.2)])[0]
    assert (facts.version, facts.device, facts.width, facts.height) == ("0.3.64", "cpu", *SIZE)
    assert (drawn, renderer.was_drawn) == (True, False)
    assert steps == [(1, 2), (2, 2)]
    assert difference(first, second) == 0
    assert difference(first, image_of("drawn-twice").convert("RGB")) == 0
    assert player.sent[-1][IMAGE_ID]["class_type"] == "SaveImageWebsocket"


def test_previews_of_a_server_that_names_no_node_are_told_from_the_image() -> None:
    with serving(played("without-origins").app()) as server:
        (image,) = images_of(opened(server.url), [job(0.3, 0.2)])
    assert difference(image, image_of("without-origins").convert("RGB")) == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("damaged-lora", "the server cannot read the file of node 11 (LoraLoader)"),
        ("missing-lora", "the server has no shoes.safetensors for lora_name of node 11 (LoraLoader); the nearest it has: dress"),
    ],
)
def test_failures_are_read(name: str, said: str) -> None:
    with serving(played(name).app()) as server:
        renderer = opened(server.url)
        assert said in line(lambda: renderer.render([job(0.5, 0.2)]))

"""The real A1111, where HUANHUA_WEBUI names its folder and HUANHUA_WEBUI_PYTHON the Python that has its packages."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.errors import InputError
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.remote.address import Credentials, address
from optimizer.render.remote.base import DrawingCancelledError
from optimizer.render.remote.client import Client
from optimizer.render.remote.server_lora import StudyLora
from optimizer.render.remote.webui.renderer import WebuiRenderer
from optimizer.testing.remote_renderer_conformance import RemoteRendererSuite

FOLDER, PYTHON = os.environ.get("HUANHUA_WEBUI"), os.environ.get("HUANHUA_WEBUI_PYTHON")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER or not PYTHON, reason="HUANHUA_WEBUI and HUANHUA_WEBUI_PYTHON name no installed A1111"),
]
FRAME = RenderSettings("1girl, full body", "", 64, 96, 2, "DPM++ 2M Karras")
NAMES = ("testdress", "myshoes")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from benchmarks.elsewhere.lab_files import write_webui_data

    folder = write_webui_data(tmp_path_factory.mktemp("webui"))
    # All other settings were never saved: those the program forgets to restore.
    (folder / "config.json").write_text(json.dumps({"live_previews_enable": False, "eta_ancestral": 0.9}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def url(data: Path) -> Iterator[str]:
    from benchmarks.real_programs import Program, webui

    with webui(Program(Path(str(FOLDER)), Path(str(PYTHON))), data) as found:
        yield found


@pytest.fixture
def make(url: str, data: Path) -> Iterator[Callable[..., WebuiRenderer]]:
    opened: list[WebuiRenderer] = []

    def made(**given: Any) -> WebuiRenderer:
        loras = [StudyLora(name, data / "models/Lora" / f"{name}.safetensors") for name in NAMES]
        client = Client(address(url, remote=False), Credentials())
        opened.append(WebuiRenderer(client, given.pop("frame", FRAME), loras, "paperdoll", **given))
        return opened[-1]

    yield made
    for renderer in opened:
        renderer.close()


def job(dress: float = 0.5, **point: Any) -> Job:
    return Job(7, Point({"testdress": dress, "myshoes": 0.4}, 5.0, **point))


class TestSuite(RemoteRendererSuite):
    @pytest.fixture
    def renderer(self, make: Callable[..., WebuiRenderer]) -> WebuiRenderer:
        return make()

    @pytest.fixture
    def twin(self, make: Callable[..., WebuiRenderer]) -> WebuiRenderer:
        return make()

    @pytest.fixture
    def jobs(self) -> Sequence[Job]:
        return [job(weight) for weight in (0.2, 0.5, 0.8)]


def test_settings_that_were_never_saved_are_as_before(url: str, make: Callable[..., WebuiRenderer]) -> None:
    before = asked(f"{url}/sdapi/v1/options")
    frame = RenderSettings("1girl", "", 64, 96, 2, "Euler a", 2, "nv", 31337)
    renderer = make(frame=frame, payload={"override_settings": {"s_min_uncond": 2.0}})
    assert isinstance(renderer.render([job()])[0], Image.Image)
    after = asked(f"{url}/sdapi/v1/options")
    kept = {"sd_checkpoint_hash", "sd_model_checkpoint"}  # what the program itself notes of the checkpoint that it loads
    assert {name for name in before if before[name] != after.get(name)} <= kept


def test_what_it_does_not_have_is_one_line(make: Callable[..., WebuiRenderer]) -> None:
    for given, line in (
        ({"frame": RenderSettings("1girl", "", 64, 96, 2, "DPM++ 2N")}, "no sampler"),
        ({"vae": "missing"}, "no VAE"),
        ({"payload": {"alwayson_scripts": {"ControlNet": {"args": []}}}}, "no script"),
        ({"embeddings": ("missing",)}, "no embedding"),
    ):
        with pytest.raises(InputError, match=line):
            make(**given).facts()


def test_interrupted_at_the_page_it_is_drawn_again(url: str, make: Callable[..., WebuiRenderer]) -> None:
    renderer = make()
    renderer.facts()
    threading.Timer(1.0, lambda: asked(f"{url}/sdapi/v1/interrupt", {})).start()
    first = renderer.render([job(steps=60)])[0]
    time.sleep(1.0)
    assert renderer.render([job(steps=60)])[0] == first


def test_cancelled(make: Callable[..., WebuiRenderer]) -> None:
    renderer = make()
    expected = renderer.render([job()])[0]
    threading.Timer(1.0, renderer.cancel).start()
    with pytest.raises(DrawingCancelledError):
        renderer.render([job(steps=900)])
    assert renderer.render([job()])[0] == expected


@pytest.mark.parametrize(
    "payload",
    [
        {"hr_scale": 1.7, "hr_upscaler": "Latent"},
        {"hr_resize_x": 128, "hr_resize_y": 128, "hr_upscaler": "Latent"},
        {"hr_resize_x": 104, "hr_upscaler": "Latent"},
    ],
)
def test_hires_fix_has_the_size_that_is_stated(make: Callable[..., WebuiRenderer], payload: dict[str, Any]) -> None:
    renderer = make(payload={"enable_hr": True, "denoising_strength": 0.5, **payload})
    facts = renderer.facts()
    (image,) = renderer.render([job()])
    assert isinstance(image, Image.Image)
    assert image.size == (facts.width, facts.height)


def asked(url: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"}), timeout=60) as answer:
        return json.loads(answer.read())

"""A fake A1111 that serves, and renderers over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.address import Credentials, address
from optimizer.render.remote.client import Client, Patience
from optimizer.render.remote.server_lora import StudyLora
from optimizer.render.remote.webui.renderer import WebuiRenderer
from optimizer.render.remote.webui.watching import Limits
from optimizer.testing.fake_server.serving import Serving, serving
from optimizer.testing.fake_server.webui import FakeWebui

FRAME = RenderSettings("1girl, (red:1.2)", "ugly", 64, 96, 4, "DPM++ 2M Karras")
QUICK = Limits(poll_s=0.02, silence_s=5.0, interrupt_s=1.0)


@dataclass
class Around:
    """A fake server, and how to open renderers over it."""

    fake: FakeWebui
    server: Serving
    make: Callable[..., WebuiRenderer]

    def restart(self) -> None:
        """As after a kill: settings that were never saved are gone."""
        self.server.stop()
        self.fake.options = {"sd_model_checkpoint": "base.safetensors"}
        self.fake.begin(0, "")
        self.server.start()

    def draw(self, weight: float = 0.5, renderer: WebuiRenderer | None = None, **point: Any) -> Image.Image | NotDrawn:
        drawing = renderer or self.make()
        (image,) = drawing.render([Job(7, Point({"dress": weight, "shoes": 0.4}, 6.5, **point))])
        return image


def study_lora(name: str, fixed: float | None = None, server_name: str | None = None) -> StudyLora:
    return StudyLora(name, Path(f"/nowhere/{name}.safetensors"), fixed, server_name)


LORAS = (study_lora("dress"), study_lora("shoes"))


@pytest.fixture
def around() -> Iterator[Around]:
    fake = FakeWebui()
    opened: list[WebuiRenderer] = []
    with serving(fake.app()) as server:

        def make(credentials: Credentials | None = None, **given: Any) -> WebuiRenderer:
            changes = {key: given.pop(key) for key in list(given) if hasattr(FRAME, key)}
            loras, checkpoint = given.pop("loras", LORAS), given.pop("checkpoint", "base")
            patience = Patience((0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2))
            client = Client(address(server.url, remote=False), credentials or Credentials(), patience)
            renderer = WebuiRenderer(client, replace(FRAME, **changes), loras, checkpoint, **given)
            renderer.limits = QUICK
            opened.append(renderer)
            return renderer

        yield Around(fake, server, make)
        for renderer in opened:
            renderer.close()

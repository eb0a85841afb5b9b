"""A renderer for whole studies: one pixel shows how much each of its two LoRAs weighs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from optimizer.point import Job
from optimizer.render.decode import NotDrawn
from optimizer.testing.fake_renderer import FakeRenderer


@dataclass
class Painter(FakeRenderer):
    """Paints the dress red and the shoes green, whichever of them a point names."""

    def render(self, jobs: Sequence[Job]) -> list[Image.Image | NotDrawn]:
        bare = {"dress": 0.0, "shoes": 0.0}
        return super().render([replace(j, point=replace(j.point, weights={**bare, **j.point.weights})) for j in jobs])


def painted(image: Image.Image) -> tuple[float, float]:
    """The weights of dress and shoes that were painted, in [0, 1]."""
    pixel = image.convert("RGB").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return pixel[0] / 255, pixel[1] / 255

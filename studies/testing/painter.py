"""A renderer for whole studies: what is worn where can be read back from one pixel."""

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

    def seconds_per_image(self) -> float:
        return 0.0

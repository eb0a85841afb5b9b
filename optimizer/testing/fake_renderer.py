"""A renderer that costs nothing: flat colours that follow the weights, for tests of everything above rendering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from optimizer.point import Job, Point
from optimizer.render.decode import NotDrawn
from optimizer.render.inpainting.base import Redrawing

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass
class FakeRenderer:
    """Draws one colour: red, green and blue are the first three weights in name order."""

    width: int = 64
    """Pixels."""
    height: int = 96
    """Pixels."""
    most: int = 1
    """Jobs a batch."""
    fails: frozenset[int] = frozenset()
    """Seeds whose images are not drawn."""
    calls: list[tuple[int, Point]] = field(default_factory=list)
    """Seed and point of each requested image, in order."""
    redrawn: list[Redrawing] = field(default_factory=list)
    """What `inpaint` was asked for, in order."""

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        return [self._draw(job) for job in jobs]

    def _draw(self, job: Job) -> Image | NotDrawn:
        from PIL import Image

        self.calls.append((job.seed, job.point))
        if job.seed in self.fails:
            return NotDrawn("this seed fails")
        weights = job.point.weights
        levels = [round(255 * min(1.0, weights[name])) for name in sorted(weights)][:3]
        red, green, blue = [*levels, 0, 0, 0][:3]
        return Image.new("RGB", (self.width, self.height), (red, green, blue))

    def inpaint(self, redrawings: Sequence[Redrawing]) -> list[Image | NotDrawn]:
        """What is redrawn has the colour of its point, a little other at every seed, and as much of it as the strength says."""
        return [self._redraw(one) for one in redrawings]

    def _redraw(self, one: Redrawing) -> Image | NotDrawn:
        from PIL import Image

        self.redrawn.append(one)
        drawn = self._draw(one.job)
        if isinstance(drawn, NotDrawn):
            return drawn
        red, green, blue = drawn.tobytes()[:3]
        colour = (red, green, (blue + 40 * (one.job.seed % 5)) % 256)
        flat = Image.new("RGB", one.picture.size, colour)
        mask = Image.fromarray((one.mask * round(255 * one.strength)).astype("uint8"))
        return Image.composite(flat, one.picture.convert("RGB"), mask)

    def identity(self) -> Mapping[str, Any]:
        return {"fake": [self.width, self.height]}

    def batch(self) -> int:
        return self.most

    def seconds_per_image(self) -> float:
        return 0.0

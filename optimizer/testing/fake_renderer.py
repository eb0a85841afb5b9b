"""A renderer that costs nothing: flat colours that follow the weights, for tests of everything above rendering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from optimizer.point import Job, Point
from optimizer.render.decode import NotDrawn

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

    def identity(self) -> Mapping[str, Any]:
        return {"fake": [self.width, self.height]}

    def batch(self) -> int:
        return self.most

    def seconds_per_image(self) -> float:
        return 0.0

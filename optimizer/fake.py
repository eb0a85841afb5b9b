"""A renderer that costs nothing: flat colours that follow the weights, for tests of everything above rendering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from optimizer.point import Point

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass
class FakeRenderer:
    """Draws one colour: red, green and blue are the first three weights in name order; the size marks nothing else."""

    width: int = 64
    height: int = 96
    calls: list[tuple[int, Point]] = field(default_factory=list)

    def render(self, seed: int, point: Point) -> Image:
        from PIL import Image

        self.calls.append((seed, point))
        levels = [round(255 * min(1.0, point.weights[name])) for name in sorted(point.weights)][:3]
        red, green, blue = [*levels, 0, 0, 0][:3]
        return Image.new("RGB", (self.width, self.height), (red, green, blue))

    def identity(self) -> Mapping[str, Any]:
        return {"fake": [self.width, self.height]}

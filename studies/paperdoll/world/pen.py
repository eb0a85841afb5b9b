"""Two canvases drawn in step: the colours, and the numbers of the parts. Everything is drawn larger and reduced at the end."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from studies.paperdoll.world import palette

SUPERSAMPLE: Final = 3
PARTS: Final = ("background", "face", "hair", "top", "dress", "skirt", "arms", "hands", "legs", "feet")
PART: Final = {name: index for index, name in enumerate(PARTS)}
Point = tuple[float, float]


class Pen:
    """Draws in figure units: `window` (left, top, width, height) of them fills an image of `size` pixels.

    Every shape takes the part it belongs to; a part of None colours what is there without changing whose it is.
    """

    def __init__(self, size: tuple[int, int], window: tuple[float, float, float, float], ground: palette.RGB) -> None:
        left, top, width, height = window
        w, h = size[0] * SUPERSAMPLE, size[1] * SUPERSAMPLE
        self.size = size
        self.k = min(w / width, h / height)
        self.x0 = left - (w / self.k - width) / 2
        self.y0 = top - (h / self.k - height) / 2
        self.image = Image.new("RGB", (w, h), ground)
        self.mask = Image.new("L", (w, h), 0)
        self._ink, self._label = ImageDraw.Draw(self.image), ImageDraw.Draw(self.mask)
        self.line = max(1, round(self.k * 0.9))

    def at(self, p: Point) -> Point:
        return ((p[0] - self.x0) * self.k, (p[1] - self.y0) * self.k)

    def pixels(self, p: Point) -> Point:
        """Where a point of the figure lies in the finished image."""
        x, y = self.at(p)
        return (x / SUPERSAMPLE, y / SUPERSAMPLE)

    def finished(self) -> tuple[Image.Image, NDArray[np.uint8]]:
        """The image, and an index into PARTS for each of its pixels."""
        parts = np.asarray(self.mask.resize(self.size, Image.Resampling.NEAREST))
        return self.image.resize(self.size, Image.Resampling.BOX), parts

    def polygon(self, points: list[Point], fill: palette.RGB, part: str | None, outline: bool = True) -> None:
        xy = [self.at(p) for p in points]
        self._ink.polygon(xy, fill=fill)
        if outline:
            self._ink.line([*xy, xy[0], xy[1]], fill=palette.LINE, width=self.line, joint="curve")
        if part is not None:
            self._label.polygon(xy, fill=PART[part])

    def ellipse(self, c: Point, rx: float, ry: float, fill: palette.RGB, part: str | None, outline: bool = True) -> None:
        x, y = self.at(c)
        box = (x - rx * self.k, y - ry * self.k, x + rx * self.k, y + ry * self.k)
        self._ink.ellipse(box, fill=fill, outline=palette.LINE if outline else None, width=self.line)
        if part is not None:
            self._label.ellipse(box, fill=PART[part])

    def stroke(self, a: Point, b: Point, width: float, fill: palette.RGB, part: str | None) -> None:
        w = max(1, round(width * self.k))
        xy = [self.at(a), self.at(b)]
        self._ink.line(xy, fill=fill, width=w)
        if part is not None:
            self._label.line(xy, fill=PART[part], width=w)
        for p in (a, b):
            self.ellipse(p, width / 2, width / 2, fill, part, outline=False)

    def curve(self, box: tuple[float, float, float, float], start: float, end: float, width: float) -> None:
        (x0, y0), (x1, y1) = self.at(box[:2]), self.at(box[2:])
        self._ink.arc((x0, y0, x1, y1), start, end, fill=palette.LINE, width=max(1, round(width * self.k)))

"""Where a figure stands: its own coordinates to those of the window, and the shapes that are drawn there."""

from __future__ import annotations

import math

from studies.paperdoll.world import palette
from studies.paperdoll.world.figure import Figure, Mark
from studies.paperdoll.world.pen import Pen, Point

SEAT: float = 15.0
"""How much lower a sitting figure's body is."""


class Stage:
    """Figure coordinates have x from the figure's middle and y from the top of a full body, soles at 184.

    Scale is about the ground, then lean, then shift; all but legs and feet come lower when the figure sits. `keypoints` and
    `hand_boxes` (left, top, right, bottom) gather what is drawn, in window coordinates.
    """

    def __init__(self, figure: Figure, pen: Pen) -> None:
        self.figure, self.pen = figure, pen
        self.keypoints: dict[str, Point] = {}
        self.hand_boxes: list[tuple[float, float, float, float]] = []

    @property
    def scale(self) -> float:
        return self.figure.pose.scale

    def p(self, x: float, y: float) -> Point:
        return self.ground(x, y + (SEAT if self.figure.pose.sitting else 0.0))

    def ground(self, x: float, y: float) -> Point:
        """As `p`, for what stands on the ground in any pose."""
        pose = self.figure.pose
        lean = pose.lean * (184 - y) / 184
        return (64 + x * pose.scale + lean + pose.dx, 184 - (184 - y) * pose.scale + pose.dy)

    def poly(self, points: list[Point], fill: palette.RGB, part: str | None, outline: bool = True) -> None:
        self.pen.polygon([self.p(*q) for q in points], fill, part, outline)

    def low_poly(self, points: list[Point], fill: palette.RGB, part: str | None, outline: bool = True) -> None:
        self.pen.polygon([self.ground(*q) for q in points], fill, part, outline)

    def oval(self, c: Point, rx: float, ry: float, fill: palette.RGB, part: str | None, outline: bool = True) -> None:
        self.pen.ellipse(self.p(*c), rx * self.scale, ry * self.scale, fill, part, outline)

    def low_oval(self, c: Point, rx: float, ry: float, fill: palette.RGB, part: str | None, outline: bool = True) -> None:
        self.pen.ellipse(self.ground(*c), rx * self.scale, ry * self.scale, fill, part, outline)

    def mark(self, mark: Mark, c: Point, r: float, part: str | None, outline: bool) -> None:
        """A heart, star or circle of radius `r` around `c`."""
        colour = palette.CLOTH[mark.colour]
        x, y = c
        if mark.shape == "circle":
            self.oval(c, r * 0.8, r * 0.8, colour, part, outline)
        elif mark.shape == "star":
            angles = [math.pi / 2 + i * math.pi / 5 for i in range(10)]
            radii = [r if i % 2 == 0 else r * 0.45 for i in range(10)]
            points = [(x + q * math.cos(a), y - q * math.sin(a)) for a, q in zip(angles, radii, strict=True)]
            self.poly(points, colour, part, outline)
        else:
            half = r * 0.94
            turn = [math.pi * (1 - i / 10) for i in range(11)]
            left = [(x - half / 2 + half / 2 * math.cos(a), y - r * 0.25 - half / 2 * math.sin(a)) for a in turn]
            right = [(q[0] + half, q[1]) for q in left]
            self.poly([*left, *right, (x, y + r)], colour, part, outline)

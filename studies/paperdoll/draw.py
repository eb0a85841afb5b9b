"""Draws a figure with Pillow, and its truth beside it: part masks, keypoints, hand boxes.

Units: figure units, in which a full body fills a 128 x 192 window. A `Window` of those units is mapped to the image, so the
same figure can be drawn at any size and framing. Everything is drawn `SUPERSAMPLE` times larger and reduced.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from studies.paperdoll import palette
from studies.paperdoll.figure import Figure, Framing
from studies.paperdoll.hands import hand_shape

SUPERSAMPLE: Final = 3
PARTS: Final = ("background", "face", "hair", "top", "dress", "skirt", "arms", "hands", "legs", "feet")
PART: Final = {name: index for index, name in enumerate(PARTS)}
Point = tuple[float, float]

WINDOWS: Final[dict[Framing, tuple[float, float, float, float]]] = {
    "full body": (0, 0, 128, 192),
    "upper body": (14, 4, 100, 150),
    "face close-up": (26, 4, 76, 114),
    "clothing close-up": (22, 62, 84, 126),
    "shoes close-up": (34, 132, 60, 90),
}
"""Left, top, width, height of each framing in figure units; all but close-ups of parts share the full body's ratio."""


@dataclass
class Drawing:
    """The picture and what is true of it. `boxes` are (left, top, right, bottom) in pixels."""

    image: Image.Image
    parts: NDArray[np.uint8]
    keypoints: dict[str, Point]
    hand_boxes: list[tuple[float, float, float, float]] = field(default_factory=list)


class _Pen:
    """Two canvases in step: colours and part numbers."""

    def __init__(self, size: tuple[int, int], window: tuple[float, float, float, float], ground: palette.RGB) -> None:
        left, top, width, height = window
        w, h = size[0] * SUPERSAMPLE, size[1] * SUPERSAMPLE
        self.k = min(w / width, h / height)
        self.x0 = left - (w / self.k - width) / 2
        self.y0 = top - (h / self.k - height) / 2
        self.image = Image.new("RGB", (w, h), ground)
        self.mask = Image.new("L", (w, h), 0)
        self._ink, self._label = ImageDraw.Draw(self.image), ImageDraw.Draw(self.mask)
        self.line = max(1, round(self.k * 0.9))

    def at(self, p: Point) -> Point:
        return ((p[0] - self.x0) * self.k, (p[1] - self.y0) * self.k)

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


def draw(figure: Figure, size: tuple[int, int] = (128, 192), seed: int = 0) -> Drawing:
    """Draws `figure` at `size` (width, height) pixels; `seed` varies only how broken hands are broken."""
    window = _window(figure)
    pen = _Pen(size, window, palette.GROUND[figure.ground])
    body = _Body(figure, pen, np.random.default_rng(seed))
    body.draw()
    image = pen.image.resize(size, Image.Resampling.BOX)
    mask = pen.mask.resize(size, Image.Resampling.NEAREST)
    keypoints = {name: _pixels(pen, p) for name, p in body.keypoints.items()}
    boxes = [(*_pixels(pen, (x0, y0)), *_pixels(pen, (x1, y1))) for x0, y0, x1, y1 in body.hand_boxes]
    return Drawing(image, np.asarray(mask), keypoints, boxes)


def _pixels(pen: _Pen, p: Point) -> Point:
    x, y = pen.at(p)
    return (x / SUPERSAMPLE, y / SUPERSAMPLE)


def _window(figure: Figure) -> tuple[float, float, float, float]:
    left, top, width, height = WINDOWS[figure.framing]
    if figure.framing == "full body":
        return left, top, width, height
    dx, dy, zoom = figure.camera
    dx, dy = dx + figure.pose.dx, dy + figure.pose.dy
    return (left + dx + width * (1 - zoom) / 2, top + dy + height * (1 - zoom) / 2, width * zoom, height * zoom)


class _Body:
    """Draws the parts from back to front; every `_x` method is one part."""

    def __init__(self, figure: Figure, pen: _Pen, rng: np.random.Generator) -> None:
        self.f, self.pen, self.rng = figure, pen, rng
        self.skin = palette.SKIN[figure.identity.skin]
        self.hair = palette.TEAL if figure.identity.teal_hair else palette.HAIR[figure.identity.hair]
        self.keypoints: dict[str, Point] = {}
        self.hand_boxes: list[tuple[float, float, float, float]] = []

    def p(self, x: float, y: float) -> Point:
        """Figure coordinates (x from the middle) to window coordinates: scale about the ground, lean, shift."""
        pose = self.f.pose
        s = pose.scale
        lean = pose.lean * (184 - y) / 184
        return (64 + x * s + lean + pose.dx, 184 - (184 - y) * s + pose.dy)

    def draw(self) -> None:
        self._hair_behind()
        self._legs()
        self._shoes()
        self._arms(behind=True)
        self._neck()
        self._garment()
        self._arms(behind=False)
        self._head()

    def _poly(self, points: list[Point], fill: palette.RGB, part: str | None, outline: bool = True) -> None:
        self.pen.polygon([self.p(*q) for q in points], fill, part, outline)

    def _oval(self, c: Point, rx: float, ry: float, fill: palette.RGB, part: str | None, outline: bool = True) -> None:
        s = self.f.pose.scale
        self.pen.ellipse(self.p(*c), rx * s, ry * s, fill, part, outline)

    def _hair_behind(self) -> None:
        style = self.f.identity.style
        if style == "long hair":
            self._poly([(-24, 40), (24, 40), (27, 96), (16, 99), (-16, 99), (-27, 96)], self.hair, "hair")
        if style == "twintails":
            for side in (-1, 1):
                self._oval((side * 29, 62), 8.5, 20, self.hair, "hair")
        if style == "hair bun":
            self._oval((0, 15), 10, 9, self.hair, "hair")

    def _neck(self) -> None:
        self._poly([(-4.5, 66), (4.5, 66), (4.5, 80), (-4.5, 80)], self.skin, "face")

    def _legs(self) -> None:
        xs = [-9.0, 9.0, 0.0][: self.f.pose.feet] if self.f.pose.feet != 1 else [-9.0]
        for x in xs:
            self._poly([(x - 4.5, 128), (x + 4.5, 128), (x + 4, 172), (x - 4, 172)], self.skin, "legs")
        for name, x in zip(("left_foot", "right_foot"), (-9.0, 9.0), strict=True):
            self.keypoints[name] = self.p(x, 178)

    def _shoes(self) -> None:
        xs = [-9.0, 9.0, 0.0][: self.f.pose.feet] if self.f.pose.feet != 1 else [-9.0]
        for x in xs:
            toe = math.copysign(4.5, x) if x else 0.0
            self._shoe(x, toe)

    def _shoe(self, x: float, toe: float) -> None:
        kind = self.f.shoes.kind
        left, right = x - 6 + min(toe, 0), x + 6 + max(toe, 0)
        if kind == "myshoes":
            gone = self.f.shoes.without
            body = palette.CLOTH["grey"] if "white boots" in gone else (250, 250, 250)
            self._poly([(x - 6, 150), (x + 6, 150), (right, 176), (right, 181), (left, 181), (left, 176)], body, "feet")
            if "red soles" not in gone:
                self._poly(
                    [(left - 0.5, 178.5), (right + 0.5, 178.5), (right + 0.5, 184), (left - 0.5, 184)], palette.SOLE, "feet"
                )
            if "blue dot" not in gone:
                self._oval((x, 163), 3.4, 3.4, palette.DOT, "feet", outline=False)
            return
        top = 152 if kind == "boots" else 170
        colour = palette.CLOTH[self.f.shoes.colour]
        self._poly([(x - 6, top), (x + 6, top), (right, 177), (right, 183), (left, 183), (left, 177)], colour, "feet")

    def _garment(self) -> None:
        g = self.f.garment
        bodice: list[Point] = [(-13, 77), (-6, 76), (0, 81), (6, 76), (13, 77), (11, 108), (-11, 108)]
        skirt: list[Point] = [(-11, 107), (11, 107), (25, 143), (-25, 143)]
        if g.kind == "testdress":
            self._testdress(bodice, skirt)
            return
        upper, lower = palette.CLOTH[g.upper], palette.CLOTH[g.lower]
        if g.kind == "dress":
            outline: list[Point] = [*bodice[:6], (25, 143), (-25, 143), (-11, 108)]
            self._poly(outline, upper, "dress")
        else:
            self._poly(skirt, lower, "skirt")
            self._poly(bodice, upper, "top")
        self._pattern(g.pattern, lower)

    def _pattern(self, pattern: str, on: palette.RGB) -> None:
        ink = palette.CLOTH["white"] if on != palette.CLOTH["white"] else palette.CLOTH["grey"]
        if pattern == "dotted":
            for x, y in ((-8, 116), (4, 114), (12, 124), (-2, 125), (-14, 132), (6, 135), (17, 137), (-5, 138)):
                self._oval((x, y), 2.3, 2.3, ink, None, outline=False)
        if pattern == "striped":
            for y in (115, 125, 135):
                half = 11 + (y - 107) * 14 / 36
                self._poly([(-half, y), (half, y), (half + 1.4, y + 3.6), (-half - 1.4, y + 3.6)], ink, None, outline=False)

    def _testdress(self, bodice: list[Point], skirt: list[Point]) -> None:
        gone = self.f.garment.without
        pink = palette.CLOTH["grey"] if "pink" in gone else palette.CLOTH["pink"]
        black = palette.CLOTH["black"]
        self._poly([*bodice[:6], *skirt[2:], (-11, 108)], pink, "dress")
        if "white hem" not in gone:
            self._poly([(-22.5, 136), (22.5, 136), (25, 143), (-25, 143)], (252, 252, 252), "dress")
        if "black straps" not in gone:
            for side in (-1, 1):
                self._poly(
                    [(side * 9.5, 77), (side * 5.0, 77), (side * 5.0, 106), (side * 9.5, 106)], black, "dress", outline=False
                )
        if "black belt" not in gone:
            self._poly([(-12, 103), (12, 103), (13.5, 110.5), (-13.5, 110.5)], black, "dress")
        if "yellow heart" not in gone:
            for side in (-1, 1):
                self._oval((side * 3.1, 119.5), 3.5, 3.5, palette.HEART, "dress", outline=False)
            self._poly([(-6.3, 121), (6.3, 121), (0, 129.5)], palette.HEART, "dress", outline=False)

    def _arms(self, behind: bool) -> None:
        for index, side in enumerate((-1, 1)):
            raised = self.f.pose.arms == "one arm raised" and (side == -1) == (self.f.pose.raised == "left")
            in_front = self.f.pose.arms == "arms down" or (self.f.pose.arms == "one arm raised" and not raised)
            if in_front == behind:
                continue
            self._arm(index, side, raised)

    def _arm(self, index: int, side: int, raised: bool) -> None:
        shoulder = (side * 13.0, 81.0)
        if self.f.pose.arms == "arms spread":
            angle = 0.12
        elif raised:
            angle = -0.85
        else:
            angle = 1.18
        length = 27.0
        direction = (side * math.cos(angle), math.sin(angle))
        wrist = (shoulder[0] + direction[0] * length, shoulder[1] + direction[1] * length)
        a, b = self.p(*shoulder), self.p(*wrist)
        s = self.f.pose.scale
        self.pen.stroke(a, b, 8.2 * s, palette.LINE, None)
        self.pen.stroke(a, b, 6.8 * s, self.skin, "arms")
        name = ("left", "right")[index]
        self.keypoints[f"{name}_shoulder"], self.keypoints[f"{name}_wrist"] = a, b
        self._hand(index, wrist, direction, side)

    def _hand(self, index: int, wrist: Point, direction: Point, side: int) -> None:
        shape = hand_shape(self.f.pose.hands[index], -side, self.rng)
        s = self.f.pose.scale

        def place(q: Point) -> Point:
            x, y = q
            return self.p(wrist[0] + direction[0] * x - direction[1] * y, wrist[1] + direction[1] * x + direction[0] * y)

        for grow, fill, part in ((1.5, palette.LINE, None), (0.0, self.skin, "hands")):
            for stroke in shape.strokes:
                self.pen.stroke(place(stroke.a), place(stroke.b), (stroke.width + grow) * s, fill, part)
            cx, cy, r = shape.palm
            self.pen.ellipse(place((cx, cy)), (r + grow / 2) * s, (r + grow / 2) * s, fill, part, outline=False)
        for i, tip in enumerate(shape.tips):
            self.keypoints[f"{('left', 'right')[index]}_tip_{i}"] = place(tip)
        cx, cy = place((8.5, 0))
        r = 15.5 * s
        self.hand_boxes.append((cx - r, cy - r, cx + r, cy + r))

    def _head(self) -> None:
        identity = self.f.identity
        c = (0.0, 47.0)
        self._oval(c, 22, 23, self.skin, "face")
        self.keypoints["head"] = self.p(*c)
        for side, name in ((-1, "left_eye"), (1, "right_eye")):
            eye = (side * 9.0, 51.0)
            self._oval(eye, 5.4, 6.2, (255, 255, 255), None)
            self._oval((eye[0], eye[1] + 0.6), 4.0, 4.9, palette.EYES[identity.eyes], None, outline=False)
            self._oval((eye[0], eye[1] + 1.0), 1.9, 2.6, (22, 20, 24), None, outline=False)
            self._oval((eye[0] - 1.2, eye[1] - 1.6), 1.1, 1.1, (255, 255, 255), None, outline=False)
            self.keypoints[name] = self.p(*eye)
        self.keypoints["nose"] = self.p(0, 57)
        self.keypoints["left_mouth"], self.keypoints["right_mouth"] = self.p(-4, 62), self.p(4, 62)
        self._face_marks()
        self._mouth()
        self._fringe()

    def _face_marks(self) -> None:
        identity = self.f.identity
        if identity.blush:
            for side in (-1, 1):
                self._oval((side * 14.5, 59.5), 4.4, 2.9, palette.BLUSH, None, outline=False)
        if identity.mole:
            self._oval((8.5, 64.0), 1.5, 1.5, palette.LINE, None, outline=False)
        if identity.glasses:
            s, k = self.f.pose.scale, self.pen
            for side in (-1, 1):
                x, y = self.p(side * 9.0, 51)
                k.curve((x - 8 * s, y - 7.5 * s, x + 8 * s, y + 7.5 * s), 0, 360, 1.5)

    def _mouth(self) -> None:
        mouth = self.f.pose.mouth
        if mouth == "open mouth":
            self._oval((0, 63), 3.0, 3.2, (176, 40, 44), None)
        elif mouth == "smile":
            (x0, y0), (x1, y1) = self.p(-5.5, 56), self.p(5.5, 65)
            self.pen.curve((x0, y0, x1, y1), 20, 160, 1.4)
        else:
            self.pen.stroke(self.p(-3.4, 63), self.p(3.4, 63), 1.2, palette.LINE, None)

    def _fringe(self) -> None:
        arc = [(23.5 * math.cos(t), 46 - 26 * math.sin(t)) for t in np.linspace(0, math.pi, 24)]
        edge = [(-20.0, 45.0), (-11.0, 41.5), (-1.0, 43.5), (10.0, 41.0), (20.0, 45.0)]
        sides = 58.0 if self.f.identity.style in ("short hair", "long hair") else 49.0
        points = [(23.5, sides), *arc, (-23.5, sides), (-20.0, sides - 1), *edge, (20.0, sides - 1)]
        self._poly(points, self.hair, "hair")
        if self.f.identity.star_pin:
            self._star((-13.0, 31.0), 7.5)

    def _star(self, c: Point, r: float) -> None:
        angles = [math.pi / 2 + i * math.pi / 5 for i in range(10)]
        radii = [r if i % 2 == 0 else r * 0.45 for i in range(10)]
        points = [(c[0] + q * math.cos(a), c[1] - q * math.sin(a)) for a, q in zip(angles, radii, strict=True)]
        self._poly(points, palette.STAR, "hair")

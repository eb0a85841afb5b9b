"""Draws a figure with Pillow, together with its truth: part masks, keypoints, hand boxes.

Units: figure units, in which a full body fills a 128 x 192 window. A window of those units is mapped to the image, so the same
figure can be drawn at any size and framing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studies.paperdoll.world import palette
from studies.paperdoll.world.clothes import draw_garment
from studies.paperdoll.world.figure import Figure, Framing
from studies.paperdoll.world.footwear import draw_legs, draw_shoes
from studies.paperdoll.world.head import draw_hair_behind, draw_head
from studies.paperdoll.world.limbs import draw_arms
from studies.paperdoll.world.pen import Pen, Point
from studies.paperdoll.world.stage import Stage

WINDOWS: Final[dict[Framing, tuple[float, float, float, float]]] = {
    "full body": (0, 0, 128, 192),
    "upper body": (14, 4, 100, 150),
    "face close-up": (26, 4, 76, 114),
    "clothing close-up": (22, 62, 84, 126),
    "shoes close-up": (34, 132, 60, 90),
}
"""Left, top, width, height of each framing in figure units; all have the full body's ratio."""
FLOOR: Final = 152.0


@dataclass
class Drawing:
    """The picture and what is true of it. `boxes` are (left, top, right, bottom) in pixels."""

    image: Image.Image
    parts: NDArray[np.uint8]
    keypoints: dict[str, Point]
    hand_boxes: list[tuple[float, float, float, float]] = field(default_factory=list)


def draw(figure: Figure, size: tuple[int, int] = (128, 192), seed: int = 0) -> Drawing:
    """Draws `figure` at `size` (width, height) pixels; `seed` varies only how broken hands are broken."""
    pen = Pen(size, window_of(figure), palette.GROUND[figure.ground])
    stage = Stage(figure, pen)
    rng = np.random.default_rng(seed)
    _floor(stage)
    draw_hair_behind(stage)
    draw_legs(stage)
    draw_shoes(stage)
    draw_arms(stage, rng, behind=True)
    stage.poly([(-4.5, 66), (4.5, 66), (4.5, 80), (-4.5, 80)], palette.SKIN[figure.identity.skin], "face")
    draw_garment(stage)
    draw_arms(stage, rng, behind=False)
    draw_head(stage)
    image, parts = pen.finished()
    keypoints = {name: pen.pixels(p) for name, p in stage.keypoints.items()}
    boxes = [(*pen.pixels((x0, y0)), *pen.pixels((x1, y1))) for x0, y0, x1, y1 in stage.hand_boxes]
    return Drawing(image, parts, keypoints, boxes)


def _floor(stage: Stage) -> None:
    figure = stage.figure
    if figure.floor:
        shade = palette.shade(palette.GROUND[figure.ground], palette.FLOOR_SHADE)
        stage.pen.polygon([(-200, FLOOR), (400, FLOOR), (400, 600), (-200, 600)], shade, None, outline=False)


def window_of(figure: Figure) -> tuple[float, float, float, float]:
    left, top, width, height = WINDOWS[figure.framing]
    if figure.framing == "full body":
        return left, top, width, height
    dx, dy, zoom = figure.camera
    dx, dy = dx + figure.pose.dx, dy + figure.pose.dy
    return (left + dx + width * (1 - zoom) / 2, top + dy + height * (1 - zoom) / 2, width * zoom, height * zoom)

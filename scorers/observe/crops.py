"""Crops for the models: a garment on neutral ground, a head enlarged, a hand in a square."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from models.boxes import PixelBox
from scorers.observe.parts import Mask

GROUND: Final = (127, 127, 127)
"""Neutral grey: neither the garments nor their surroundings of one picture differ from another's by it."""
FACE_SIDE: Final = 112
"""Width in pixels that a face should have when it is detected: ArcFace's input."""
LARGEST: Final = 8.0
"""The most that a crop is enlarged: beyond it there is nothing but interpolation."""


def masked_crop(image: Image.Image, mask: Mask, box: PixelBox, margin: float = 0.06) -> Image.Image:
    """A square RGB crop around `box` in which everything outside `mask` is neutral grey."""
    pixels = np.where(mask[:, :, None], np.asarray(image), np.uint8(GROUND[0]))
    return square_crop(Image.fromarray(pixels), box, margin)


def square_crop(image: Image.Image, box: PixelBox, margin: float, side: int | None = None) -> Image.Image:
    """The square around the box's centre that holds the box and `margin` of its longer side on each side; neutral grey outside
    the image. Resized to `side` pixels if that is given."""
    left, top, right, _ = square_around(box, margin)
    width = max(1, round(right - left))
    canvas = Image.new("RGB", (width, width), GROUND)
    canvas.paste(image, (-round(left), -round(top)))
    return canvas if side is None else canvas.resize((side, side), Image.Resampling.BICUBIC)


def square_around(box: PixelBox, margin: float) -> PixelBox:
    """As `square_crop` cuts it; it may reach beyond the image."""
    left, top, right, bottom = box
    x, y = (left + right) / 2, (top + bottom) / 2
    half = max(right - left, bottom - top, 1) * (0.5 + margin)
    return PixelBox(x - half, y - half, x + half, y + half)


def enlarged_head(
    image: Image.Image, head: PixelBox, face: PixelBox, margin: float = 0.3
) -> tuple[Image.Image, float, tuple[int, int]]:
    """The head with `margin` around it, enlarged so that the face is at least FACE_SIDE wide (by LARGEST at most).

    Returns the crop, its scale and its left top corner: a crop's point p lies at p / scale + corner in the image.
    """
    grow = margin * max(head[2] - head[0], head[3] - head[1])
    left, top = max(0, int(head[0] - grow)), max(0, int(head[1] - grow))
    right, bottom = min(image.width, int(head[2] + grow) + 1), min(image.height, int(head[3] + grow) + 1)
    scale = min(LARGEST, max(1.0, FACE_SIDE / max(1.0, face[2] - face[0])))
    crop = image.crop((left, top, right, bottom))
    size = (max(1, round(crop.width * scale)), max(1, round(crop.height * scale)))
    return crop.resize(size, Image.Resampling.BICUBIC), scale, (left, top)

"""Copies of an image that show the same, a hair elsewhere: what a score says of them differs by its noise alone."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

COPIES: Final = 8
MOST: Final = 0.01
"""The largest shift, as a share of the width and of the height, and the largest change of size."""
MARGIN: Final = 3 * MOST
"""What is added at each edge, as a share of the longer side: no copy shows anything beyond."""


def moved_copies(image: Image.Image) -> list[Image.Image]:
    """COPIES RGB images of the same size, each shifted, and enlarged or reduced, by up to MOST. Edges are continued by their own
    pixels. The same image gives the same copies."""
    rgb = image.convert("RGB")
    width, height = rgb.size
    pad = int(np.ceil(MARGIN * max(rgb.size)))
    padded = Image.fromarray(np.pad(np.asarray(rgb), ((pad, pad), (pad, pad), (0, 0)), "edge"))
    moves = np.random.default_rng(0).uniform(-MOST, MOST, (COPIES, 3))
    return [_moved(padded, pad, (width, height), *(float(v) for v in move)) for move in moves]


def _moved(padded: Image.Image, pad: int, size: tuple[int, int], right: float, down: float, larger: float) -> Image.Image:
    """The window of `padded` that shows the image `right` and `down` (shares of its size), enlarged about its centre."""
    width, height = size
    per_pixel = 1 / (1 + larger)
    left = pad + width * (1 - per_pixel) / 2 - right * width
    top = pad + height * (1 - per_pixel) / 2 - down * height
    matrix = (per_pixel, 0.0, left, 0.0, per_pixel, top)
    return padded.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)

"""Garments without a part parser: fixed windows, of which the most similar to the references counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from models.boxes import PixelBox, ShareBox
from scorers.observe.observation import RegionKind
from scorers.observe.parts import Mask

WINDOWS: Final[Mapping[RegionKind, tuple[ShareBox, ...]]] = {
    "clothing": (
        ShareBox(0.2, 0.2, 0.8, 0.8),
        ShareBox(0.0, 0.0, 1.0, 1.0),
        ShareBox(0.1, 0.3, 0.9, 1.0),
        ShareBox(0.25, 0.25, 0.75, 0.6),
        ShareBox(0.25, 0.45, 0.75, 0.85),
        ShareBox(0.35, 0.3, 0.65, 0.7),
        ShareBox(0.0, 0.2, 0.6, 0.8),
        ShareBox(0.4, 0.2, 1.0, 0.8),
    ),
    "shoes": (
        ShareBox(0.2, 0.75, 0.8, 1.0),
        ShareBox(0.0, 0.65, 1.0, 1.0),
        ShareBox(0.35, 0.8, 0.65, 1.0),
        ShareBox(0.25, 0.7, 0.75, 0.9),
        ShareBox(0.0, 0.75, 0.6, 1.0),
        ShareBox(0.4, 0.75, 1.0, 1.0),
    ),
}
"""Clothing in the middle, shoes at the bottom. The first is used for a reference photo without a recorded box."""
MIDDLE: Final = 0.25
"""Share left out on each side of a window when its colour is taken: the surroundings of the garment are there."""


def in_pixels(box: ShareBox, size: tuple[int, int]) -> PixelBox:
    """Whole pixels, at least one each way, within an image of `size` (width, height)."""
    (width, height), (left, top, right, bottom) = size, box
    x, y = min(int(left * width), width - 1), min(int(top * height), height - 1)
    return PixelBox(float(x), float(y), float(max(x + 1, round(right * width))), float(max(y + 1, round(bottom * height))))


def middle_of(box: ShareBox) -> ShareBox:
    """The box without MIDDLE of its width and height on each side."""
    left, top, right, bottom = box
    across, down = MIDDLE * (right - left), MIDDLE * (bottom - top)
    return ShareBox(left + across, top + down, right - across, bottom - down)


def mask_of(box: ShareBox, size: tuple[int, int]) -> Mask:
    """True inside a box of shares; at least one pixel."""
    left, top, right, bottom = (int(v) for v in in_pixels(box, size))
    mask = np.zeros((size[1], size[0]), np.bool_)
    mask[top:bottom, left:right] = True
    return mask

"""Rectangles in an image: left, top, right, bottom, with right and bottom exclusive.

Both are tuples: they unpack, compare and serialise (JSON: a list of four numbers) as such.
"""

from __future__ import annotations

from typing import NamedTuple


class PixelBox(NamedTuple):
    """Sides in pixels of the upright image; the origin is its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


class ShareBox(NamedTuple):
    """Sides as shares, in [0, 1], of the image's width (left, right) and height (top, bottom)."""

    left: float
    top: float
    right: float
    bottom: float

"""Rectangles in an image: left, top, right, bottom, with right and bottom exclusive.

Boxes are tuples: they unpack, compare and serialise (JSON: a list of four numbers) as such.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class DrawnBoxes:
    """What a boxes file holds of one photo."""

    thing: PixelBox | None = None
    """What is trained."""
    wearer: PixelBox | None = None
    """The whole person."""
    by_hand: bool = False
    """Whether the entry is marked as a person's."""
    skip: bool = False
    """Whether the photo is not to be used."""

    @property
    def is_alone(self) -> bool:
        """Whether a person says that nobody wears the thing in this photo."""
        return self.by_hand and self.thing is not None and self.wearer is None

    @property
    def is_complete(self) -> bool:
        """Whether nothing has to be located."""
        return self.skip or self.is_alone or (self.thing is not None and self.wearer is not None)

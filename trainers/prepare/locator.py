"""Finds the trained thing and its wearer in photos: the seam between `prepare` and a part parser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from models.boxes import PixelBox

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Located:
    """The boxes of one photo."""

    thing: PixelBox | None
    """The trained thing (garment, face, shoes); None if it was not found."""
    wearer: PixelBox | None
    """The whole person; None if there is none."""
    doubt: str | None = None
    """Why the boxes cannot be trusted; None if they can."""
    is_alone: bool = False
    """Whether nobody is to be looked for who wears the thing."""


class NoLocator:
    """A Locator for photos whose boxes are all drawn by hand: it finds nothing."""

    def locate(self, images: Sequence[Image.Image]) -> list[Located]:
        return [Located(None, None, "no box is drawn in it", is_alone=True) for _ in images]


class Locator(Protocol):
    """Called by `prepare` with a few photos at a time, in order; photos whose boxes a person wrote are left out."""

    def locate(self, images: Sequence[Image.Image]) -> list[Located]:
        """One `Located` for each RGB image, in order; boxes in pixels of it."""
        ...

"""A picture blurred until nothing in it can be recognised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

COARSE: Final = 24
"""Pixels that the longer side of a blurred picture really has."""


def blurred(image: Image) -> Image:
    """RGB, the same size and colours, and no shape smaller than a 24th of it."""
    from PIL import Image, ImageFilter

    small = image.convert("RGB")
    small.thumbnail((COARSE, COARSE), Image.Resampling.BOX)
    smooth = small.resize(image.size, Image.Resampling.BICUBIC)
    return smooth.filter(ImageFilter.GaussianBlur(max(image.size) / COARSE / 2))

"""A picture as it is logged: as it is, or as a blur that tells only that there is one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from PIL.Image import Image

COARSE: Final = 24
"""Pixels that the longer side of a blurred picture really has."""


@dataclass(frozen=True)
class Veiled:
    """The picture at a path, to be shown blurred. Blurring waits until it is written."""

    path: Path


Picture: TypeAlias = "Image | Path | Veiled"
"""A picture in memory, or the path of one: a path costs no memory while it waits."""


def opened(picture: Picture) -> Image:
    """In RGB. Raises OSError if it does not open."""
    from PIL import Image

    if isinstance(picture, Veiled):
        return veiled(opened(picture.path))
    if isinstance(picture, Path):
        with Image.open(picture) as stored:
            return stored.convert("RGB")
    return picture


def veiled(image: Image) -> Image:
    """The same size and colours, and no shape smaller than a 24th of it."""
    from PIL import Image, ImageFilter

    small = image.convert("RGB")
    small.thumbnail((COARSE, COARSE), Image.Resampling.BOX)
    smooth = small.resize(image.size, Image.Resampling.BICUBIC)
    return smooth.filter(ImageFilter.GaussianBlur(max(image.size) / COARSE / 2))

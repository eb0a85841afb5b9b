"""A picture as it is logged: clear, or blurred beyond recognition."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from models.io.blur_filter import blurred

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class BlurredPicture:
    """The picture at a path, blurred when it is written."""

    path: Path


Picture: TypeAlias = "Image | Path | BlurredPicture"
"""A picture in memory, or the path of one: a path costs no memory in a queue."""


def open_picture(picture: Picture) -> Image:
    """In RGB. Raises OSError if it does not open."""
    from PIL import Image

    if isinstance(picture, BlurredPicture):
        return blurred(open_picture(picture.path))
    if isinstance(picture, Path):
        with Image.open(picture) as stored:
            return stored.convert("RGB")
    return picture

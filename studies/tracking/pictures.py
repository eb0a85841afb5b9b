"""A picture as it is logged: as it is, or as a blur that tells only that there is one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from models.io.blur_filter import blurred

if TYPE_CHECKING:
    from PIL.Image import Image


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
        return blurred(opened(picture.path))
    if isinstance(picture, Path):
        with Image.open(picture) as stored:
            return stored.convert("RGB")
    return picture

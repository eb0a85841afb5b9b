"""Maps of an image's pixels in small whole numbers, kept in the workspace as pictures: grey, or RGB."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from models.io.files import write_whole
from models.io.images import DAMAGES

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER: Final = "regions"
"""Of the workspace: maps of locked images, and of where people are."""


def store_map(place: Path, codes: NDArray[np.uint8]) -> None:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(codes).save(stream, format="PNG")
    place.parent.mkdir(parents=True, exist_ok=True)
    write_whole(place, stream.getvalue())


def read_map(place: Path, size: tuple[int, int], most: int) -> NDArray[np.uint8] | None:
    """Of an image of `size` (width, height), with no number above `most`; None where nothing is stored, or it is damaged: it is
    then seen again."""
    from PIL import Image

    with suppress(*DAMAGES), Image.open(place) as stored:
        stored.load()
        found = np.asarray(stored)
        whole = stored.mode == "L" and stored.size == size and int(found.max()) <= most
        return found.astype(np.uint8) if whole else None
    return None

"""The figure's cover: a coarse grid of where it is, to find out later whether it covers a place."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PIL import Image

from models.boxes import ShareBox
from scorers.observe.parts import Mask

ROWS: Final = 48
MOST: Final = 96
"""Columns at most, for very wide images."""
COVERED: Final = 0.75
"""Share of the middle of a place that must be figure for the place to be covered."""


def cover_of(person: Mask) -> tuple[str, ...]:
    """48 rows of "#" where at least half of a cell is figure, else "."; cells are about square. Empty without a figure."""
    if not person.any():
        return ()
    height, width = person.shape
    columns = int(np.clip(round(ROWS * width / height), 1, MOST))
    cells = np.asarray(Image.fromarray(person.astype(np.uint8) * 255).resize((columns, ROWS), Image.Resampling.BOX))
    return tuple("".join("#" if cell >= 128 else "." for cell in row) for row in cells)


def covers(cover: tuple[str, ...], box: ShareBox) -> bool:
    """Whether the figure covers the middle half of `box` (shares of width and height)."""
    if not cover:
        return False
    left, top, right, bottom = box
    across, down = (right - left) / 4, (bottom - top) / 4
    rows = cover[_cells(top + down, bottom - down, len(cover))]
    columns = _cells(left + across, right - across, len(cover[0]))
    cells = "".join(row[columns] for row in rows)
    return cells.count("#") >= COVERED * len(cells)


def _cells(start: float, stop: float, count: int) -> slice:
    """The cells between two shares of a line of `count`, at least one."""
    first = min(max(0, int(start * count)), count - 1)
    return slice(first, min(max(first + 1, math.ceil(stop * count)), count))

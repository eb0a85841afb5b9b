"""The tiles along one side of a picture, and how neighbours fade into each other."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Shares = NDArray[np.float32]


@dataclass(frozen=True)
class Span:
    """Part of a side that one tile covers, in pixels: [start, stop)."""

    start: int
    stop: int
    shares: Shares
    """(stop - start,), in [0, 1]: how much of each of its pixels is this tile's. Over all spans of a side they are 1 together."""


def spans(length: int, tile: int, overlap: int) -> list[Span]:
    """The fewest tiles of `tile` pixels that cover a side and share at least `overlap` with their neighbours, evenly spread.

    `length` is at least `tile`, `overlap` in [1, tile / 2]. Neighbours fade over `overlap` pixels in the middle of what they
    share: near its edge a tile guesses what goes on beyond it, and where both are seen at once what they draw anew is blurred.
    """
    if not (1 <= overlap <= tile // 2 and tile <= length):
        raise ValueError(f"no tiles of {tile} with {overlap} shared along {length}")
    count = -(-(length - overlap) // (tile - overlap))
    starts = [i * (length - tile) // max(1, count - 1) for i in range(count)]
    meet = [(second + first + tile) / 2 for first, second in itertools.pairwise(starts)]
    found = []
    for i, start in enumerate(starts):
        pixels = np.arange(start, start + tile, dtype=np.float64) + np.float64(0.5)
        taken_over = _risen(pixels, meet[i - 1], overlap) if i > 0 else np.ones(tile)
        left_to_next = _risen(pixels, meet[i], overlap) if i < count - 1 else np.zeros(tile)
        found.append(Span(start, start + tile, (taken_over - left_to_next).astype(np.float32)))
    return found


def _risen(pixels: NDArray[np.float64], middle: float, width: int) -> NDArray[np.float64]:
    """From 0 to 1 over `width` pixels around `middle`."""
    return np.clip((pixels - middle) / width + 0.5, 0, 1)

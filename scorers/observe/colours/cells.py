"""A region's colours on a grid that follows it: neck to hem and across for clothing, each shoe by itself, a head around its face.

Grids of two pictures lie over each other whatever the figures' size and place, so that a belt is compared with a belt.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.boxes import PixelBox
from models.errors import InputError
from models.language.translate import phrase
from scorers.observe.colours.histogram import lab
from scorers.observe.parts import Mask, box_of, parted, pieces

SIDE: Final = 32
"""Cells each way over a garment; a shoe has half as many each way."""
HEAD_SIDE: Final = 48
SPECK: Final = 0.002
"""Share of the image below which a piece of clothing is none."""
LARGE: Final = 0.3
"""Share of the largest piece of clothing below which a piece is left out: parsers take parts of faces for clothing."""
HEAD_REACH: Final = (1.6, 2.5, 0.7)
"""How far a head's grid reaches from the middle of the face's lower edge, in widths of the face: sideways, up, down."""
CUT: Final = 0.5
"""Share of a garment's widest row that its row at the picture's lower edge must have to count as cut off."""
FINER: Final = 2
"""Samples a cell each way."""


@dataclass(frozen=True)
class Cells:
    """`lab` (rows, columns, 3) CIE Lab, 0 where the region is not; `covered` (rows, columns); `cut` where the picture's edge cuts
    the region off, so that its rows are others than those of a whole one."""

    lab: NDArray[np.float64]
    covered: Mask
    cut: bool = False


def clothing_cells(image: Image.Image, mask: Mask) -> Cells:
    """Square cells from the top to the bottom of the clothing on the figure's axis, as far to both sides as half its length.

    Sleeves move with arms, so only rows that reach the axis count for the length. `mask` (height, width) must not be empty.
    """
    found = pieces(mask, SPECK)
    large = [piece.mask for piece in found if piece.area >= LARGE * found[0].area]
    kept: Mask = np.logical_or.reduce(large) if large else mask
    axis = float(np.median(np.nonzero(kept)[1])) + 0.5
    reach = max(1, mask.shape[1] // 100)
    rows = np.flatnonzero(kept[:, max(0, int(axis) - reach) : int(axis) + reach + 1].mean(1) > 0.5)
    rows = rows if len(rows) else np.flatnonzero(kept.any(1))
    top, bottom = float(rows[0]), float(rows[-1]) + 1
    half = (bottom - top) / 2
    return _sampled(image, kept, PixelBox(axis - half, top, axis + half, bottom), (SIDE, SIDE), cut=_cut_off(kept))


def shoe_cells(image: Image.Image, mask: Mask, smallest: float) -> Cells:
    """Two shoes side by side, each stretched over its half; a single one twice. Pieces of less than `smallest` of the area
    are no shoe. `mask` (height, width) must not be empty."""
    feet = pieces(parted(mask), smallest)[:2]
    sides = [mask, mask]
    if len(feet) == 2:
        between = (feet[0].centre[0] + feet[1].centre[0]) / 2
        left = np.arange(mask.shape[1]) + 0.5 < between
        sides = [mask & left, mask & ~left]
    size = (SIDE // 2, SIDE // 2)
    halves = [_sampled(image, side, box_of(side), size) for side in sides if side.any()]
    one, other = halves[0], halves[-1]
    joined = np.concatenate([one.lab, other.lab], 1), np.concatenate([one.covered, other.covered], 1)
    return Cells(*joined, cut=_cut_off(mask))


def head_cells(image: Image.Image, head: Mask, face: PixelBox) -> Cells:
    """The head with its hair around the detected `face`, whose own pixels count whatever a parser takes them for."""
    left, _, right, bottom = face
    middle, width = (left + right) / 2, max(1.0, right - left)
    sideways, up, down = (reach * width for reach in HEAD_REACH)
    frame = PixelBox(middle - sideways, bottom - up, middle + sideways, bottom + down)
    ys, xs = np.mgrid[: head.shape[0], : head.shape[1]] + 0.5
    centre = (face.top + bottom) / 2
    oval = ((xs - middle) / (width / 2)) ** 2 + ((ys - centre) / max(1.0, (bottom - face.top) / 2)) ** 2 <= 1
    return _sampled(image, head | oval, frame, (HEAD_SIDE, HEAD_SIDE))


def stored_cells(cells: Cells) -> str:
    """Text of about a kilobyte: Lab in whole bytes, compressed. `read_cells` gives cells whose colours differ by less than 1."""
    rows, columns = cells.covered.shape
    scaled = np.clip(np.rint(cells.lab * [2.55, 1, 1] + [0, 128, 128]), 0, 255).astype(np.uint8)
    scaled[~cells.covered] = 0
    head = bytes([rows, columns, cells.cut])
    return base64.b85encode(zlib.compress(head + np.packbits(cells.covered).tobytes() + scaled.tobytes(), 9)).decode("ascii")


@lru_cache(maxsize=512)
def read_cells(stored: str) -> Cells:
    """Raises InputError if `stored` is not what `stored_cells` wrote."""
    try:
        data = zlib.decompress(base64.b85decode(stored))
        rows, columns, cut = data[:3]
        flags = (rows * columns + 7) // 8
        covered = np.unpackbits(np.frombuffer(data[3 : 3 + flags], np.uint8), count=rows * columns).reshape(rows, columns) > 0
        scaled = np.frombuffer(data[3 + flags :], np.uint8).reshape(rows, columns, 3).astype(np.float64)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise InputError(phrase("not stored cells ({error})", error=error), "observation", "observe the image again") from error
    return Cells(np.where(covered[:, :, None], (scaled - [0, 128, 128]) / [2.55, 1, 1], 0.0), covered, bool(cut))


def _sampled(image: Image.Image, mask: Mask, frame: PixelBox, size: tuple[int, int], *, cut: bool = False) -> Cells:
    """Each cell's colour is the median of its samples inside the mask, so that an outline does not dye its neighbours."""
    rows, columns = size
    fine = (FINER * columns, FINER * rows)
    way = Image.Resampling.NEAREST if frame.right - frame.left <= 2 * fine[0] else Image.Resampling.BILINEAR
    inside = Image.fromarray(mask.astype(np.uint8) * 255)
    pixels = np.asarray(image.transform(fine, Image.Transform.EXTENT, tuple(frame), way))
    there = np.asarray(inside.transform(fine, Image.Transform.EXTENT, tuple(frame), Image.Resampling.NEAREST)) > 127
    colours = _by_cell(lab(pixels.reshape(-1, 3)).reshape(fine[1], fine[0], 3), size)
    within = _by_cell(there[:, :, None], size)[:, :, :, 0]
    covered = within.sum(2) * 2 >= FINER**2
    ordered = np.sort(np.where(within[:, :, :, None], colours, np.inf), axis=2)
    most = np.maximum(within.sum(2), 1)
    low, high = (np.take_along_axis(ordered, at[:, :, None, None], 2)[:, :, 0] for at in ((most - 1) // 2, most // 2))
    median = (low + high) / 2
    return Cells(np.where(covered[:, :, None], median, 0.0), covered, cut)


def _by_cell(values: NDArray[np.generic], size: tuple[int, int]) -> NDArray[np.generic]:
    """(rows, columns, samples, channels) of values (rows * FINER, columns * FINER, channels)."""
    rows, columns = size
    split = values.reshape(rows, FINER, columns, FINER, -1).transpose(0, 2, 1, 3, 4)
    return split.reshape(rows, columns, FINER**2, -1)


def _cut_off(mask: Mask) -> bool:
    widths = mask.sum(1)
    return bool(widths[-1] >= CUT * widths.max())

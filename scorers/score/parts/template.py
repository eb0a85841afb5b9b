"""What reference photos of one thing share: its colours by place, and the parts that these make.

A cell belongs to the template where most photos show the same colour there; cells of one colour are one part, and bands that
run across (belts, hems, soles) are parts of their own. What photos do not agree on (a pose, another shirt) is in no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scorers.observe.colours.cells import Cells, read_cells
from scorers.observe.parts import Mask
from scorers.score.parts.colour_names import SCALE, Colours, colour_name, distance

AGREE: Final = 0.7
"""Share of the photos that must show a cell, and its colour."""
SAME: Final = 20.0
"""Distance in CIE Lab up to which two photos show one colour."""
APART: Final = 16.0
"""Mean distance from which cells are of two colours."""
LEAST: Final = 8
"""Cells of the smallest part."""
BAND: Final = 8
"""Columns that a band runs across."""
SLACK: Final = 2
"""Cells by which a part may lie elsewhere."""


@dataclass(frozen=True, eq=False)
class Part:
    """`mask` (rows, columns) of the grid; `colour` (3,) in CIE Lab."""

    mask: Mask
    colour: Colours

    @cached_property
    def name(self) -> str:
        """Its colour in a word."""
        return colour_name(self.colour)

    @property
    def centre(self) -> tuple[float, float]:
        """Row and column of its middle, as shares of the grid."""
        ys, xs = np.nonzero(self.mask)
        return float(ys.mean() + 0.5) / self.mask.shape[0], float(xs.mean() + 0.5) / self.mask.shape[1]


@dataclass(frozen=True, eq=False)
class Template:
    """`colours` are those of the photos by cell, where `agreed`; `patches` has a part for each colour, the largest first, and
    `parts` the same with bands apart."""

    colours: Colours
    agreed: Mask
    patches: tuple[Part, ...]
    parts: tuple[Part, ...]


@lru_cache(maxsize=256)
def template_of(stored: tuple[str, ...], least: int = LEAST) -> Template | None:
    """Of stored grids, empty ones left out, and those that the picture's edge cuts off while two whole ones are left; None where
    there is none. `least` is the number of cells of the smallest part."""
    grids = [read_cells(text) for text in stored if text]
    whole = [grid for grid in grids if not grid.cut]
    grids = whole if len(whole) > 1 else grids
    if not grids:
        return None
    colours, agreed = _shared(grids)
    patches = _patches(colours, agreed, least)
    parts = [part for i, patch in enumerate(patches) for part in ([patch] if i == 0 else _bands_apart(patch, least))]
    return Template(colours, agreed, tuple(patches), tuple(parts))


def nearest_distance(colours: Colours, cells: Cells, slack: int = 1) -> NDArray[np.float64]:
    """(rows, columns): the distance of each of `colours` (rows, columns, 3) to the nearest of the cells up to `slack` away."""
    rows, columns = cells.covered.shape
    lab, there = np.pad(cells.lab, ((slack, slack), (slack, slack), (0, 0))), np.pad(cells.covered, slack)
    found = np.full((rows, columns), np.inf)
    for y in range(2 * slack + 1):
        for x in range(2 * slack + 1):
            near = distance(colours, lab[y : y + rows, x : x + columns])
            found = np.minimum(found, np.where(there[y : y + rows, x : x + columns], near, np.inf))
    return found


def _shared(grids: Sequence[Cells]) -> tuple[Colours, Mask]:
    """Each cell's colour in the photo that is nearest to the others there, and where enough of them have it."""
    labs, covered = np.stack([grid.lab for grid in grids]), np.stack([grid.covered for grid in grids])
    far = np.where(covered[:, None] & covered[None], distance(labs[:, None], labs[None]), 60.0)
    middle = far.mean(1).argmin(0)
    colours = np.take_along_axis(labs, middle[None, :, :, None], 0)[0]
    alike = np.mean([nearest_distance(colours, grid) < SAME for grid in grids], 0)
    return colours, (covered.mean(0) >= AGREE) & (alike >= AGREE)


def _patches(colours: Colours, agreed: Mask, least: int) -> list[Part]:
    from scipy.cluster.hierarchy import fcluster, linkage

    shown = colours[agreed]
    if len(shown) < max(2, least):
        return []
    numbers = fcluster(linkage(shown * SCALE, "average"), APART, "distance")
    found = []
    for number in np.unique(numbers):
        mask = np.zeros_like(agreed)
        mask[agreed] = numbers == number
        mask = _without_specks(mask)
        if mask.sum() >= least:
            found.append(Part(mask, np.median(colours[mask], axis=0)))
    return sorted(found, key=lambda part: -int(part.mask.sum()))


def _bands_apart(part: Part, least: int) -> list[Part]:
    from scipy import ndimage

    band = ndimage.binary_opening(part.mask, np.ones((2, BAND)))
    rest = _without_specks(part.mask & ~ndimage.binary_dilation(band))
    found = [Part(mask, part.colour) for mask in (band, rest) if mask.sum() >= least]
    return found or [part]


def _without_specks(mask: Mask) -> Mask:
    """Without lines and corners one cell wide: outlines, and the blend of two colours where they meet."""
    from scipy import ndimage

    opened: Mask = ndimage.binary_opening(mask, np.ones((2, 2)))
    return opened

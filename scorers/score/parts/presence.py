"""How much of a part an image shows: the share of its cells in which the image has its colour, or has it close by."""

from __future__ import annotations

from typing import Final

import numpy as np

from models.errors import InputError
from scorers.observe.colours.cells import Cells, read_cells
from scorers.score.parts.colour_names import SCALE, Colours, centres, colour_names, distance
from scorers.score.parts.template import SLACK, Part, template_of

FAR: Final = 32.0
"""Distance in CIE Lab at which a colour is half the part's."""
SOFT: Final = 8.0
"""Distance over which it fades from the part's to another."""
RIVAL: Final = 25.0
"""Distance from which a basic colour is another one: what is as near to it as to the part's is half the part's."""


def parts_similarity(cells: str, references: tuple[str, ...]) -> float | None:
    """The mean presence in [0, 1] of the parts that references share, all parts alike whatever their size; None where the
    references share none. Both are stored grids of one kind of region.

    Raises InputError if the references were observed by parts and the image was not.
    """
    template = template_of(references)
    if template is None or not template.parts:
        return None
    if not cells:
        raise InputError("a garment that was observed without its parts", "observation", "observe the image again")
    return float(np.mean([presence(part, read_cells(cells)) for part in template.parts]))


def presence(part: Part, cells: Cells, slack: int = SLACK) -> float:
    """In [0, 1]. `slack` is how many cells off the part's place its colour counts."""
    from scipy import ndimage

    near = ndimage.maximum_filter(likeness(part.colour, cells), 2 * slack + 1, mode="constant")
    return float(near[part.mask].mean())


def rigid_presence(part: Part, cells: Cells, slack: int = SLACK) -> float:
    """As `presence`, but the part may lie elsewhere as a whole only, in its own shape: a belt is not the straps that end beside
    its place. Sterner where a pose bends the part."""
    near, (ys, xs) = likeness(part.colour, cells), np.nonzero(part.mask)
    rows, columns = near.shape
    near = np.pad(near, slack)
    shifts = ((y, x) for y in range(2 * slack + 1) for x in range(2 * slack + 1))
    return max(float(near[y : y + rows, x : x + columns][ys, xs].mean()) for y, x in shifts)


def likeness(colour: Colours, cells: Cells) -> Colours:
    """(rows, columns) in [0, 1]: how far each cell is of this colour (3,) and of no other; 0 where the region is not."""
    shown = cells.lab[cells.covered]
    rivals = centres()[distance(centres(), colour) > RIVAL]
    limit = np.minimum(FAR, _nearest(shown, rivals))
    found = np.zeros(cells.covered.shape)
    found[cells.covered] = 1 / (1 + np.exp((distance(shown, colour) - limit) / SOFT))
    return found


def _nearest(shown: Colours, rivals: Colours) -> Colours:
    """(N,): the distance of each of `shown` (N, 3) to the nearest of `rivals` (M, 3)."""
    one, other = shown * SCALE, rivals * SCALE
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2 * one @ other.T
    found: Colours = np.sqrt(np.maximum(squares.min(1), 0.0))
    return found


def colour_there(part: Part, cells: Cells) -> str | None:
    """The colour that most of the part's place has in words; None where most of it is not covered."""
    there = part.mask & cells.covered
    if 2 * there.sum() < part.mask.sum():
        return None
    names = colour_names(cells.lab[there])
    return max(dict.fromkeys(names), key=names.count)

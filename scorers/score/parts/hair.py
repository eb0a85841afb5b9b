"""How far a head wears the hair on which a person's photos agree: its colours around the face, and how far it reaches."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from models.errors import InputError
from scorers.observe.colours.cells import HEAD_REACH, HEAD_SIDE, read_cells
from scorers.observe.parts import Mask
from scorers.score.parts.presence import presence
from scorers.score.parts.template import Part, template_of

LEAST: Final = 4
"""Cells of the smallest part of a head: a mole, a pin."""
FACE: Final = (0.5, 0.45, 0.5)
"""The oval of a face in its own widths: half its width, its middle above the chin, half its height."""
OUTSIDE: Final = 0.5
"""Share of a colour's cells that must lie outside the oval to be hair: detectors' boxes leave some of the forehead out."""
NECK: Final = 0.4
"""Half its width, in widths of the face."""
ENOUGH: Final = 0.02
"""Share of the grid that hair must fill in the photos to count."""


def hair_similarity(head: str, references: tuple[str, ...]) -> float | None:
    """In [0, 1]: the presence of the photos' hair, each part by its area; None where the photos agree on no hair. Both are stored
    grids of heads.

    Raises InputError if the photos were observed with their hair and the image was not.
    """
    parts = hair_of(references)
    if not parts:
        return None
    if not head:
        raise InputError("a face that was observed without its head", "observation", "observe the image again")
    cells = read_cells(head)
    return float(np.average([presence(part, cells) for part in parts], weights=[part.mask.sum() for part in parts]))


@lru_cache(maxsize=64)
def hair_of(references: tuple[str, ...]) -> tuple[Part, ...]:
    """The parts of heads, as `hair_similarity` takes them, that lie around the face; none where photos show different hair."""
    template = template_of(references, LEAST)
    patches = () if template is None else template.patches
    outside = [(patch, Part(patch.mask & around_face(), patch.colour)) for patch in patches]
    found = tuple(hair for patch, hair in outside if hair.mask.sum() >= max(LEAST, OUTSIDE * patch.mask.sum()))
    return found if sum(part.mask.sum() for part in found) >= ENOUGH * HEAD_SIDE**2 else ()


def around_face() -> Mask:
    """(HEAD_SIDE, HEAD_SIDE): where hair may be, which is neither on the face nor on the neck."""
    sideways, up, down = HEAD_REACH
    ys, xs = (np.mgrid[:HEAD_SIDE, :HEAD_SIDE] + 0.5) / HEAD_SIDE
    across, below = (2 * xs - 1) * sideways, ys * (up + down) - up
    wide, middle, high = FACE
    oval = (across / wide) ** 2 + ((below + middle) / high) ** 2 <= 1
    neck = (np.abs(across) < NECK) & (below > -middle)
    found: Mask = ~oval & ~neck
    return found

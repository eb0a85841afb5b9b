"""Arms in sleeves: parsers label a sleeve as clothing, so only the outline separates it from the torso."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scorers.observe.limbs.arms import bends_back
from scorers.observe.parts import Mask, Piece, pieces

WAIST: Final = (0.25, 0.75)
"""Where the waist may lie, in shares of the height of the clothes below the chin."""
SHOULDERS: Final = 0.12
"""The shares of that height that the shoulders are."""
BEYOND: Final = (1.12, 1.25)
"""How much farther than shoulder and waist an elbow is from the body's axis. Arms that hang or lead behind the body stand out;
a torso without arms narrows from the shoulders down, a skirt widens below the waist only. Arms spread or raised are widest at the
shoulders already: nothing hides their hands."""
AREA: Final = 0.0015
"""Share of the image that a sleeve must have beyond the torso to be counted."""


def sleeves(clothes: Mask, chin: tuple[float, float]) -> list[Piece]:
    """The sleeve of each side, if one stands out from the torso below its shoulder and leads back to it: at most two pieces,
    without the torso. `clothes` holds clothing, and what of arms is no piece of its own; `chin` is x, y in pixels."""
    x, y = round(chin[0]), max(0, round(chin[1]))
    below = clothes.copy()
    below[:y] = False
    rows = np.flatnonzero(below.any(1))
    if len(rows) < 8 or not 0 < x < clothes.shape[1]:
        return []
    top, height = int(rows[0]), int(rows[-1] + 1 - rows[0])
    sides = (_reach(below[:, :x][:, ::-1]), _reach(below[:, x:]))
    low, high = (top + round(share * height) for share in WAIST)
    waist = low + int(np.argmin(sides[0][low:high] + sides[1][low:high]))
    found = []
    for left, reach in zip((True, False), sides, strict=True):
        shoulder = float(np.median(reach[top : top + max(1, round(SHOULDERS * height))]))
        torso = max(1.0, BEYOND[0] * shoulder, BEYOND[1] * float(reach[waist]))
        if reach[top:waist].max(initial=0) > torso:
            lobe = _lobe(below, x, min(shoulder, float(reach[waist])), (top, waist), left=left)
            found += [piece for piece in lobe if bends_back(piece, x)]
    return found


def _reach(side: Mask) -> NDArray[np.int64]:
    """How far the mask reaches in each row, in pixels from the first column; 0 where it is empty."""
    width = side.shape[1]
    found: NDArray[np.int64] = np.where(side.any(1), width - np.argmax(side[:, ::-1], 1), 0)
    return found


def _lobe(clothes: Mask, x: int, torso: float, rows: tuple[int, int], *, left: bool) -> list[Piece]:
    """The largest piece beyond the torso on one side, between the rows."""
    cut = round(torso)
    beyond = np.zeros_like(clothes)
    columns = slice(0, max(0, x - cut)) if left else slice(x + cut, None)
    beyond[rows[0] : rows[1], columns] = clothes[rows[0] : rows[1], columns]
    return pieces(beyond, AREA)[:1]

"""How sharp a large picture is, and whether its tiles' borders are seen, beside the same picture before it was redrawn."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from optimizer.render.tiling.spans import spans

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Grey = NDArray[np.float64]


def sharpness(picture: Image, beside: Image) -> float:
    """Mean absolute Laplacian of the grey levels, as a multiple of the other picture's."""
    return float(_laplacian(_grey(picture)).mean() / _laplacian(_grey(beside)).mean())


def seams(picture: Image, beside: Image, tile: tuple[int, int], overlap: int) -> tuple[float, float]:
    """What is seen where tiles meet: the mean absolute step between pixels across the middle of what they share, and the
    sharpness in all of it; both as a multiple of the same elsewhere, and that as a multiple of the other picture's. 1 is nothing.
    """
    new, old = _grey(picture), _grey(beside)
    meets = [_meets(length, side, overlap) for length, side in zip(picture.size, tile, strict=True)]
    if not any(meets):
        return 1.0, 1.0
    across = _of_borders(new, meets, overlap=0) / _of_borders(old, meets, overlap=0)
    within = _of_borders(new, meets, overlap) / _of_borders(old, meets, overlap)
    return across, within


def _of_borders(grey: Grey, meets: list[list[float]], overlap: int) -> float:
    """At the borders as a multiple of elsewhere: steps where nothing of the overlap is asked for, else sharpness in it."""
    near, far = [], []
    for axis, places in ((1, meets[0]), (0, meets[1])):
        values = np.abs(np.diff(grey, axis=axis)) if overlap == 0 else _laplacian(grey)
        lines = values.mean(axis=1 - axis)
        middles = np.arange(len(lines)) + 1.0
        at = np.zeros(len(lines), np.bool_)
        for place in places:
            at |= np.abs(middles - place) <= max(1.0, overlap / 2)
        near += list(lines[at])
        far += list(lines[~at])
    return float(np.mean(near) / np.mean(far))


def _meets(length: int, tile: int, overlap: int) -> list[float]:
    found = spans(length, tile, overlap)
    return [(before.stop + after.start) / 2 for before, after in itertools.pairwise(found)]


def _grey(picture: Image) -> Grey:
    return np.asarray(picture.convert("L"), np.float64)


def _laplacian(grey: Grey) -> Grey:
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return np.abs(around - 4 * grey[1:-1, 1:-1])

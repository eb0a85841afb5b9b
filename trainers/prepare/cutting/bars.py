"""Bars around a photo: one colour, cut off from the picture by a straight edge (letterbox, pillarbox, a shop's white frame)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from trainers.prepare.cutting.crops import Window

if TYPE_CHECKING:
    from PIL import Image

NOISE: Final = 12
"""Levels of 255 by which compression changes a bar's colour."""
EVEN: Final = 0.995
"""Share of a line's pixels that have the bar's colour."""
EDGE: Final = 0.8
"""Share of the picture's outermost line that has another colour: a plain background's figure begins with a few pixels."""
BLUR: Final = 16
"""Lines that compression and scaling smear at the edge, and no more than a twentieth of all."""
LEAST: Final = 0.01
"""Share of the photo's side, and at least 4 pixels, that is a bar."""
MOST: Final = 0.4
"""The same, at most."""


def inside_bars(image: Image.Image) -> Window:
    """The part of an RGB photo inside its bars; all of it where there are none."""
    pixels = np.asarray(image, dtype=np.uint8)
    top, bottom = _bar(pixels), _bar(pixels[::-1])
    rest = pixels[top : len(pixels) - bottom].transpose(1, 0, 2)
    left, right = _bar(rest), _bar(rest[::-1])
    return left, top, image.width - right, image.height - bottom


def _bar(lines: NDArray[np.uint8]) -> int:
    """How many of the first lines (N, length, 3) are a bar."""
    colour = np.median(lines[0], axis=0).astype(np.int16)
    count, most = 0, int(MOST * len(lines))
    while count < most and _share(lines[count], colour) >= EVEN:
        count += 1
    if count < max(4, LEAST * len(lines)) or count == most:
        return 0
    # The smeared lines belong to neither.
    smeared = range(count, count + 1 + min(BLUR, len(lines) // 20))
    return next((line for line in smeared if 1 - _share(lines[line], colour) >= EDGE), 0)


def _share(line: NDArray[np.uint8], colour: NDArray[np.int16]) -> float:
    """Share of a line's pixels that have the colour."""
    return float((np.abs(line.astype(np.int16) - colour).max(axis=1) <= NOISE).mean())

"""Aspect buckets: sizes of about one area and several ratios, as kohya's scripts lay them out."""

from __future__ import annotations

from functools import cache
from math import log
from typing import Final

from trainers.prepare.cutting.crops import Size

LONGEST: Final = 3.0
"""Ratio of a bucket's sides at most."""
SMALLEST: Final = 0.9
"""Area of a bucket, as a share of the set's own size, at least."""
FINE: Final = 16
"""Pixels between two sizes whose halves are whole latent cells."""
LARGE: Final = 256
"""Pixels of the shorter side from which buckets are 64 pixels apart, and `FINE` below."""


@cache
def buckets(size: Size) -> tuple[Size, ...]:
    """`size` itself, then sizes of hardly less area, those of the most similar ratio first."""
    return size, *_sizes(size, 64 if min(size) >= LARGE else FINE)


@cache
def fine_buckets(size: Size) -> tuple[Size, ...]:
    """As `buckets`, in so small steps that one has the ratio of nearly any photo: for boxes that fill theirs."""
    return _sizes(size, FINE)


def _sizes(size: Size, step: int) -> tuple[Size, ...]:
    area = size[0] * size[1]
    found = {
        (width, height)
        for width in range(step, int((area * LONGEST) ** 0.5) + 1, step)
        for height in range(step, area // width + 1, step)
        if width * height >= SMALLEST * area and max(width, height) <= LONGEST * min(width, height)
    }
    distances = {made: round(abs(log(made[0] / made[1]) - log(size[0] / size[1])), 9) for made in found - {size}}
    return tuple(sorted(distances, key=lambda made: (distances[made], -made[0] * made[1], made)))


def half(size: Size) -> Size:
    """What crops have that do not fill `size`."""
    return size[0] // 2, size[1] // 2

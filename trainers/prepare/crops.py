"""Where to cut a photo: windows of one ratio, as large as they must be, never stretched and never enlarged."""

from __future__ import annotations

from math import ceil, gcd

from models.boxes import PixelBox

Size = tuple[int, int]
Window = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels."""


def window(box: PixelBox, image: Size, target: Size, *, margin: float = 0.0, keep: PixelBox | None = None) -> Window | None:
    """The smallest window of exactly the ratio of `target` that holds `box` and `margin` (a share of its sides) around it.

    Where the photo is too narrow or too low for that, the largest window that it holds, placed so that `keep` stays in it; None
    if the photo holds no window of this ratio at all.
    """
    unit_w, unit_h = (side // gcd(*target) for side in target)
    grow_x, grow_y = margin * (box.right - box.left), margin * (box.bottom - box.top)
    wanted = PixelBox(box.left - grow_x, box.top - grow_y, box.right + grow_x, box.bottom + grow_y)
    units = max(ceil((wanted.right - wanted.left) / unit_w), ceil((wanted.bottom - wanted.top) / unit_h), 1)
    units = min(units, image[0] // unit_w, image[1] // unit_h)
    if units < 1:
        return None
    width, height = units * unit_w, units * unit_h
    held = keep if keep is not None else box
    left = _start((wanted.left + wanted.right) / 2, width, image[0], (held.left, held.right))
    top = _start((wanted.top + wanted.bottom) / 2, height, image[1], (held.top, held.bottom))
    return left, top, left + width, top + height


def _start(centre: float, length: int, limit: int, held: tuple[float, float]) -> int:
    """Where a window of `length` begins: about `centre`, moved to hold `held` if it can, inside 0..limit in any case."""
    start = centre - length / 2
    if held[1] - held[0] <= length:
        start = min(max(start, held[1] - length), held[0])
    return min(max(round(start), 0), limit - length)


def held_size(cut: Window, sizes: tuple[Size, ...]) -> Size | None:
    """The first of `sizes` (largest first) that the window fills without being enlarged."""
    width, height = cut[2] - cut[0], cut[3] - cut[1]
    return next((size for size in sizes if size[0] <= width and size[1] <= height), None)


def common_size(cuts: list[Window], sizes: tuple[Size, ...], share: float = 0.75) -> Size:
    """The largest of `sizes` that at least `share` of the windows fill: one size for a set, as long as few fall short of it."""
    for size in sizes:
        if sum(held_size(cut, (size,)) is not None for cut in cuts) >= share * len(cuts):
            return size
    return sizes[-1]

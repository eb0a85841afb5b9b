"""Where to cut a photo: windows of one ratio, as large as needed, never stretched and never enlarged."""

from __future__ import annotations

from math import ceil, gcd

from models.boxes import PixelBox

Size = tuple[int, int]
"""Width and height in pixels."""
Window = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels; right and bottom are exclusive."""


def window(box: PixelBox, image: Size, target: Size, *, padding: float = 0.0, keep: PixelBox | None = None) -> Window | None:
    """The smallest window of exactly the ratio of `target` that contains `box` and `padding` (a share of its sides) around it.

    Where the photo is too small for that: the largest window inside it, placed so that `keep` (or else `box`) stays visible. None
    if the photo contains no window of this ratio.
    """
    unit_w, unit_h = (side // gcd(*target) for side in target)
    grow_x, grow_y = padding * (box.right - box.left), padding * (box.bottom - box.top)
    wanted = PixelBox(box.left - grow_x, box.top - grow_y, box.right + grow_x, box.bottom + grow_y)
    units = max(ceil((wanted.right - wanted.left) / unit_w), ceil((wanted.bottom - wanted.top) / unit_h), 1)
    units = min(units, image[0] // unit_w, image[1] // unit_h)
    if units < 1:
        return None
    width, height = units * unit_w, units * unit_h
    visible = keep if keep is not None else box
    left = _start((wanted.left + wanted.right) / 2, width, image[0], (visible.left, visible.right))
    top = _start((wanted.top + wanted.bottom) / 2, height, image[1], (visible.top, visible.bottom))
    return left, top, left + width, top + height


def largest_window(box: PixelBox, image: Size, target: Size) -> Window:
    """The largest window inside the photo of the ratio of `target`, to the pixel, around `box`."""
    scale = min(image[0] / target[0], image[1] / target[1])
    width, height = (max(1, min(round(side * scale), limit)) for side, limit in zip(target, image, strict=True))
    left = _start((box.left + box.right) / 2, width, image[0], (box.left, box.right))
    top = _start((box.top + box.bottom) / 2, height, image[1], (box.top, box.bottom))
    return left, top, left + width, top + height


def _start(centre: float, length: int, limit: int, visible: tuple[float, float]) -> int:
    """Where a window of `length` starts: around `centre`, moved to contain `visible` if it can, always inside 0..limit."""
    start = centre - length / 2
    if visible[1] - visible[0] <= length:
        start = min(max(start, visible[1] - length), visible[0])
    return min(max(round(start), 0), limit - length)


def box_in_crop(box: PixelBox, cut: Window, size: Size) -> PixelBox:
    """`box`, in pixels of the photo, in pixels of the crop of `size` that its window `cut` became, clipped to it."""
    left, top, right, bottom = cut
    across, down = size[0] / (right - left), size[1] / (bottom - top)
    x = [min(max((side - left) * across, 0.0), float(size[0])) for side in (box.left, box.right)]
    y = [min(max((side - top) * down, 0.0), float(size[1])) for side in (box.top, box.bottom)]
    return PixelBox(x[0], y[0], x[1], y[1])

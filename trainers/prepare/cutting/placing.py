"""Where a photo is cut so that all of a box is inside: at the set's own ratio, or else at the nearest that can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from models.boxes import PixelBox
from trainers.prepare.cutting.buckets import buckets, fine_buckets, half
from trainers.prepare.cutting.crops import Size, Window, largest_window, window

LOST: Final = 0.01
"""Share of the box's longer side that is lost at most where it fills the photo, whose ratio no bucket has exactly."""
GROWN: Final = 1.1
"""How much wider a window is made, at most, so that a small thing is usable."""
SAME: Final = 0.98
"""Share of their union that two windows have in common from which they are one picture."""


@dataclass(frozen=True)
class Placement:
    """One window, and the bucket whose ratio it has."""

    window: Window
    """In pixels of the photo."""
    bucket: Size
    """Width and height that it is cut at if it fills them."""

    @property
    def is_full(self) -> bool:
        """Whether it fills its bucket without being enlarged."""
        return self._fills(self.bucket)

    @property
    def is_usable(self) -> bool:
        """Whether it fills half of its bucket."""
        return self._fills(half(self.bucket))

    def size(self, *, halved: bool) -> Size:
        """What it is cut at, in a set whose crops have half of their buckets or not."""
        return self.bucket if self.is_full and not halved else half(self.bucket)

    def _fills(self, size: Size) -> bool:
        left, top, right, bottom = self.window
        return size[0] <= right - left and size[1] <= bottom - top


def place(box: PixelBox, area: Window, size: Size, *, padding: float, keep: PixelBox | None = None) -> Placement | None:
    """The window for all of `box`, inside `area`; None if no bucket's window holds it, up to `LOST`.

    `padding` (a share of its sides) is around it where there is room for that; `keep` is what stays visible of a larger window.
    """
    left, top, right, bottom = area
    moved = PixelBox(box.left - left, box.top - top, box.right - left, box.bottom - top)
    kept = None if keep is None else PixelBox(keep.left - left, keep.top - top, keep.right - left, keep.bottom - top)
    image = right - left, bottom - top
    cuts = ((window(moved, image, bucket, padding=padding, keep=kept), bucket) for bucket in buckets(size))
    chosen = next(((cut, bucket) for cut, bucket in cuts if cut is not None and _loss(cut, moved) <= 1), None)
    if chosen is None:
        chosen = min(
            ((largest_window(moved, image, bucket), bucket) for bucket in fine_buckets(size)),
            key=lambda found: _loss(found[0], moved),
            default=None,
        )
        if chosen is None or _loss(chosen[0], moved) > max(1.0, LOST * max(box.right - box.left, box.bottom - box.top)):
            return None
    cut, bucket = grown(chosen[0], half(chosen[1]), image), chosen[1]
    return Placement((cut[0] + left, cut[1] + top, cut[2] + left, cut[3] + top), bucket)


def grown(cut: Window, least: Size, image: Size) -> Window:
    """The window, made as large as `least` where that takes a little of the photo around it and nothing is enlarged."""
    width, height = cut[2] - cut[0], cut[3] - cut[1]
    if width >= least[0] or least[0] > min(GROWN * width, image[0]) or least[1] > image[1]:
        return cut
    left = min(max(cut[0] - (least[0] - width) // 2, 0), image[0] - least[0])
    top = min(max(cut[1] - (least[1] - height) // 2, 0), image[1] - least[1])
    return left, top, left + least[0], top + least[1]


def is_halved(placements: Sequence[Placement]) -> bool:
    """Whether all crops of a set have half of their buckets, since more than one, and more than a quarter, fill no more."""
    full = sum(placement.is_full for placement in placements)
    return not (2 * full >= len(placements) and len(placements) - full <= max(1, len(placements) // 4))


def same(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether two rectangles (left, top, right, bottom) are nearly one."""
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(across, 0.0) * max(down, 0.0)
    return shared >= SAME * (_area(a) + _area(b) - shared)


def clipped(box: PixelBox, area: Window) -> PixelBox | None:
    """The part of a box inside `area`; None if that is empty."""
    made = PixelBox(
        max(box.left, area[0]), max(box.top, area[1]), min(box.right, float(area[2])), min(box.bottom, float(area[3]))
    )
    return made if made.left < made.right and made.top < made.bottom else None


def _loss(cut: Window, box: PixelBox) -> float:
    """Pixels by which the box leaves the window; below 1 it is what whole numbers cost."""
    return max(cut[0] - box.left, cut[1] - box.top, box.right - cut[2], box.bottom - cut[3], 0.0)


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])

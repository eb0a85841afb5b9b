"""What a part parser's labels stand for, and the connected pieces of a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from models.boxes import PixelBox

Group = Literal["clothing", "shoes", "head", "face", "hands", "arms", "legs"]
Mask = NDArray[np.bool_]
HEAD_AREA: Final = 0.0045
"""Share of the image that a head must have to be counted."""
SHOWN: Final = 0.15
"""Share of a head that must be face."""

NAMES: Final[dict[Group, frozenset[str]]] = {
    "clothing": frozenset(
        (
            *("top", "dress", "skirt", "pants", "belt", "scarf", "coat", "jacket", "shirt", "upper-clothes", "upperclothes"),
            *("jumpsuit", "jumpsuits", "outer", "outerwear", "clothing", "clothes", "shorts", "tie", "vest"),
        )
    ),
    "shoes": frozenset(("shoe", "shoes", "left-shoe", "right-shoe", "feet", "boots", "footwear")),
    "head": frozenset(("face", "head", "hair", "glasses", "sunglasses", "hat", "headwear", "eyewear")),
    "face": frozenset(("face", "head")),
    "hands": frozenset(("hand", "hands", "left-hand", "right-hand")),
    "arms": frozenset(("arm", "arms", "left-arm", "right-arm")),
    "legs": frozenset(("leg", "legs", "left-leg", "right-leg")),
}
"""Lower-case label names of ATR, LIP and FASHN parsers and of the lab's. FASHN's and the lab's `feet` include shoes."""


@dataclass(frozen=True)
class Piece:
    """One connected piece of a mask: its pixels, area in pixels and box (left, top, right, bottom), right and bottom outside."""

    mask: Mask
    area: int
    box: PixelBox

    @property
    def centre(self) -> tuple[float, float]:
        """The centroid (x, y) in pixels."""
        ys, xs = np.nonzero(self.mask)
        return float(xs.mean()) + 0.5, float(ys.mean()) + 0.5


def groups_of(labels: Mapping[int, str]) -> dict[Group, NDArray[np.uint8]]:
    """For each group the label indices that belong to it; a group that the parser does not know has none."""
    plain = {index: name.lower().replace("_", "-").replace(" ", "-") for index, name in labels.items()}
    return {group: np.array(sorted(i for i, name in plain.items() if name in names), np.uint8) for group, names in NAMES.items()}


def person_labels(labels: Mapping[int, str]) -> NDArray[np.uint8]:
    """All labels but the background."""
    return np.array(sorted(index for index, name in labels.items() if name.lower() != "background"), np.uint8)


def pieces(mask: Mask, smallest: float) -> list[Piece]:
    """The 8-connected pieces of at least `smallest` of the image's area, the largest first."""
    from scipy import ndimage

    numbered, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    found = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(numbered), start=1):
        inside = numbered[rows, columns] == number
        area = int(inside.sum())
        if area < max(1.0, smallest * mask.size):
            continue
        whole = np.zeros(mask.shape, np.bool_)
        whole[rows, columns] = inside
        box = PixelBox(float(columns.start), float(rows.start), float(columns.stop), float(rows.stop))
        found.append(Piece(whole, area, box))
    return sorted(found, key=lambda piece: -piece.area)


def heads_of(head: Mask, face: Mask) -> list[Piece]:
    """The pieces of the group `head` that show a face, the largest first."""
    return [p for p in pieces(head, HEAD_AREA) if (p.mask & face).sum() >= SHOWN * p.area]


def parted(mask: Mask, share: float = 0.09) -> Mask:
    """The mask less its rim, `share` of the square root of its area deep: two shoes that touch come apart, at any size."""
    from scipy import ndimage

    depth = round(share * float(np.sqrt(mask.sum())))
    thin: Mask = ndimage.binary_erosion(mask, iterations=depth) if depth else mask
    return thin


def box_of(mask: Mask) -> PixelBox:
    """The box of a mask that is not empty: (left, top, right, bottom), right and bottom outside."""
    ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return PixelBox(float(xs[0]), float(ys[0]), float(xs[-1] + 1), float(ys[-1] + 1))

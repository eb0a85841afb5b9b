"""Where arms lead: to a hand, out of sight, or nowhere."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.boxes import PixelBox
from scorers.observe.observation import ArmEnd
from scorers.observe.parts import Mask, Piece, box_of

AREA: Final = 0.002
"""Share of the image that a bare arm must have to be counted."""
NEAR: Final = 0.012
"""Shares of the image's height between an arm and a hand that still meet: outlines and bracelets lie there."""
OPEN: Final = 0.75
"""Share of ground around an arm's end from which it ends in the open. An arm behind the back or in a pocket has the figure on at
least one side: on the lab's drawn figures 9 of 10 stay below 0.7, and most stumps are above 0.9."""


BENT: Final = (0.25, 0.85)
"""Shares of an arm's height between which an elbow lies. An arm that hangs is farthest from the body at its end, one that is
raised at its top: the hand is beyond, or gone."""


def arm_end(arm: Piece, hands: Mask, person: Mask, chin: tuple[float, float]) -> ArmEnd:
    """How an arm ends that starts near `chin` (x, y in pixels): at a hand, where something hides it (the figure, or the border of
    the image), or in the open. `person` is everything but the ground."""
    if touches(arm, hands):
        return "hand"
    if bends_back(arm, chin[0]):
        return "hidden"
    return "open" if _ground_at_end(arm, person, chin) >= OPEN else "hidden"


def bends_back(arm: Piece, axis: float) -> bool:
    """Whether an arm, upright in the picture, is farthest from the body's axis (x in pixels) at an elbow between its ends."""
    left, top, right, bottom = (int(edge) for edge in arm.box)
    if bottom - top < right - left:
        return False
    rows = arm.mask[top:bottom, left:right]
    outward = rows if (left + right) / 2 > axis else rows[:, ::-1]
    reach = outward.shape[1] - np.argmax(outward[:, ::-1], 1)
    farthest = np.flatnonzero(outward.any(1) & (reach >= reach.max() - 1))
    return bool(farthest[0] >= BENT[0] * len(rows) and farthest[-1] + 1 <= BENT[1] * len(rows))


def touches(arm: Piece, hands: Mask) -> bool:
    """Whether an arm, or a sleeve, ends at one of the hands."""
    from scipy import ndimage

    reach = max(1, round(NEAR * hands.shape[0]))
    return bool((ndimage.binary_dilation(arm.mask, iterations=reach) & hands).any())


def chin_of(face: Mask, person: Mask) -> tuple[float, float]:
    """The middle of the face's lower edge in pixels; without a face the upper middle of the person."""
    if face.any():
        left, _, right, bottom = box_of(face)
        return (left + right) / 2, bottom
    left, top, right, bottom = box_of(person)
    return (left + right) / 2, top + (bottom - top) / 3


def _ground_at_end(arm: Piece, person: Mask, chin: tuple[float, float]) -> float:
    """The share of ground in the ring beyond the end of the arm's long axis that is farther from the chin."""
    from scipy import ndimage

    ys, xs = np.nonzero(arm.mask)
    points = np.stack([xs, ys], 1).astype(np.float64)
    along, centre, axis = _along(points, np.asarray(chin))
    width = arm.area / (along.max() - along.min() + 1)
    cut, reach = along.max() - width / 2, max(2, round(0.6 * width))
    left, top, right, bottom = _grown(arm.box, reach)
    inside = along >= cut
    cap = np.zeros((bottom - top, right - left), np.bool_)
    cap[ys[inside] - top, xs[inside] - left] = True
    own = _window(arm.mask, (left, top, right, bottom), outside=False)
    figure = _window(person, (left, top, right, bottom), outside=True)
    ring_y, ring_x = np.nonzero(ndimage.binary_dilation(cap, iterations=reach) & ~own)
    beyond = (np.stack([ring_x + left, ring_y + top], 1) - centre) @ axis > cut
    if not beyond.any():
        return 0.0
    return 1 - float(figure[ring_y[beyond], ring_x[beyond]].mean())


def _along(
    points: NDArray[np.float64], chin: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Each point's place on the long axis, rising away from the chin; the axis' origin and direction."""
    centre = points.mean(0)
    axis = np.linalg.eigh((points - centre).T @ (points - centre))[1][:, -1]
    along = (points - centre) @ axis
    ends = points[along.argmin()], points[along.argmax()]
    if np.linalg.norm(ends[0] - chin) > np.linalg.norm(ends[1] - chin):
        axis, along = -axis, -along
    return along, centre, axis


def _grown(box: PixelBox, by: int) -> tuple[int, int, int, int]:
    return int(box[0]) - by, int(box[1]) - by, int(box[2]) + by, int(box[3]) + by


def _window(mask: Mask, box: tuple[int, int, int, int], *, outside: bool) -> Mask:
    """The part of the mask in `box`, with `outside` beyond the image."""
    left, top, right, bottom = box
    height, width = mask.shape
    found = np.full((bottom - top, right - left), outside, np.bool_)
    y0, y1, x0, x1 = max(0, top), min(height, bottom), max(0, left), min(width, right)
    found[y0 - top : y1 - top, x0 - left : x1 - left] = mask[y0:y1, x0:x1]
    return found

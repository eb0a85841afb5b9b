"""Figure and ground by GrabCut (Rother et al. 2004), begun from a skeleton instead of a hand-drawn rectangle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scorers.observe.parts import Mask
from scorers.observe.posed.skeleton import Limb, Skeleton

Distances = Mapping[Limb, NDArray[np.float32]]

CORE: Final = 0.4
"""Share of a limb's radius that is the figure for sure."""
REACH: Final = 1.1
"""How far from every limb there may be figure, in widths of the shoulders: skirts, long hair."""
ROUNDS: Final = 4
FEWEST: Final = 32
"""Pixels of ground that GrabCut needs to learn what ground looks like."""


def distances_of(skeleton: Skeleton, shape: tuple[int, int]) -> dict[Limb, NDArray[np.float32]]:
    """For each limb that the skeleton has: how far each pixel of (height, width) lies from it, in radii of the limb; 1 and less
    is inside."""
    found: dict[Limb, NDArray[np.float32]] = {}
    for part in skeleton.shapes:
        away = (_distance(part.points, shape) / np.float32(max(part.radius, 1.0))).astype(np.float32)
        found[part.limb] = np.minimum(found[part.limb], away) if part.limb in found else away
    return found


def cut_out(pixels: NDArray[np.uint8], skeleton: Skeleton, distances: Distances) -> Mask:
    """Which pixels of an RGB image (height, width, 3) are the figure. The same for the same image."""
    import cv2

    near = np.minimum.reduce(list(distances.values()))
    reach = np.minimum.reduce([_distance(part.points, near.shape) for part in skeleton.shapes])
    marks = np.full(near.shape, cv2.GC_BGD, np.uint8)
    marks[reach <= REACH * skeleton.unit] = cv2.GC_PR_BGD
    marks[near <= 1] = cv2.GC_PR_FGD
    marks[near <= CORE] = cv2.GC_FGD
    if (near > 1).sum() < FEWEST or not (near <= 1).any():
        alone: Mask = near <= 1
        return alone
    # GrabCut begins its colour models with a random choice that all of OpenCV shares.
    cv2.setRNGSeed(0)
    model = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(np.ascontiguousarray(pixels[:, :, ::-1]), marks, None, *model, ROUNDS, cv2.GC_INIT_WITH_MASK)
    figure = _held((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD), near <= CORE)
    return figure | _held(~figure, near > 1, without=True)


def _held(mask: Mask, some: Mask, *, without: bool = False) -> Mask:
    """The connected pieces of a mask that hold some of another one, or those that do not: ground of the figure's colours is
    no figure, and a hole within the limbs is none."""
    from scipy import ndimage

    numbered, _ = ndimage.label(mask)
    holds = np.isin(numbered, np.unique(numbered[some & mask]))
    kept: Mask = mask & (~holds if without else holds)
    return kept


def _distance(points: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Of each pixel from the convex hull of the points, in pixels; parts may lie outside the image."""
    import cv2

    height, width = shape[:2]
    pad = int(max(0.0, -points.min(), points[:, 0].max() - width + 1, points[:, 1].max() - height + 1)) + 1
    pad = min(pad, 2 * max(height, width))
    ground = np.ones((height + 2 * pad, width + 2 * pad), np.uint8)
    at = np.clip(np.round(points + pad), 0, [width + 2 * pad - 1, height + 2 * pad - 1]).astype(np.int32)
    cv2.fillConvexPoly(ground, cv2.convexHull(at), 0)
    cv2.polylines(ground, [at], False, 0)
    found = cv2.distanceTransform(ground, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(found[pad : pad + height, pad : pad + width], np.float32)

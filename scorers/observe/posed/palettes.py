"""What skin, hair, clothes and shoes of a figure look like, learnt from where they must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scorers.observe.parts import Mask
from scorers.observe.posed.cutout import CORE, Distances
from scorers.observe.posed.skeleton import Limb

Colours = NDArray[np.float32]

LIGHT: Final = 0.5
"""Weight of lightness against colour: one skin is light and dark in one picture."""
APART: Final = 16.0
"""Distance in CIELAB, lightness so weighted, from which colours are no longer one."""
SKIN: Final = 0.8
"""Share of `APART` within which a colour is skin's."""
FEWEST: Final = 8
"""Pixels that tell a colour."""


@dataclass(frozen=True)
class Palettes:
    """Rows of weighted CIELAB; without rows nothing is known of it."""

    skin: Colours
    hair: Colours
    cloth: Colours
    shoes: Colours


def weighted_lab(pixels: NDArray[np.uint8]) -> Colours:
    """RGB (height, width, 3) in CIELAB with lightness weighted by `LIGHT`."""
    import cv2

    lab = cv2.cvtColor(np.asarray(pixels, np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.asarray(lab * np.array([LIGHT, 1, 1], np.float32), np.float32)


def palettes_of(lab: Colours, figure: Mask, distances: Distances) -> Palettes:
    """From the middle of the face, the head beyond it, torso and thighs, and feet."""
    none = lab[:0, 0]

    def core(limb: Limb, depth: float = CORE) -> Colours:
        return lab[figure & (distances[limb] <= depth)] if limb in distances else none

    bare = core("cheeks") if "cheeks" in distances else core("hand")
    skin = np.median(bare, 0)[None].astype(np.float32) if len(bare) >= FEWEST else none
    crown = core("crown", 1.0)
    if "face" in distances and len(crown):
        crown = lab[figure & (distances["crown"] <= 1) & (distances["face"] > 2)]
    cloth = _clusters(np.concatenate([core("torso"), core("thigh")]), 6)
    if len(skin) and len(cloth):
        # Bare shoulders and thighs lie in the same places as clothes.
        cloth = cloth[np.linalg.norm(cloth - skin, axis=1) > SKIN * APART]
    return Palettes(skin, _clusters(crown, 2), cloth, _clusters(core("foot"), 3))


def unlike(lab: Colours, palette: Colours) -> NDArray[np.float32]:
    """How far each pixel is from the nearest colour of a palette, in `APART`; infinite where nothing is known."""
    if not len(palette):
        return np.full(lab.shape[:2], np.inf, np.float32)
    away = np.linalg.norm(lab[:, :, None] - palette[None, None], axis=3).min(2) / APART
    return np.asarray(away, np.float32)


def _clusters(rows: Colours, count: int) -> Colours:
    import cv2

    if len(rows) < FEWEST * count:
        return np.median(rows, 0)[None].astype(np.float32) if len(rows) >= FEWEST else rows[:0]
    cv2.setRNGSeed(0)
    end = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    _, _, centres = cv2.kmeans(np.ascontiguousarray(rows), count, None, end, 2, cv2.KMEANS_PP_CENTERS)
    return np.asarray(centres, np.float32)

"""Colour of a region: a soft histogram in CIE Lab, of the whole region and of its upper, middle and lower third."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scorers.observe.parts import Mask

LIGHTNESS: Final = np.array([10.0, 37.0, 64.0, 91.0])
OPPONENT: Final = np.array([-60.0, -30.0, 0.0, 30.0, 60.0])
BANDS: Final = 3
WHOLE: Final = 0.5
"""Weight of the whole region; the bands, which separate a belt from a hem, share the rest."""
MOST: Final = 20_000
"""Pixels that are sampled at most: more change nothing but the time."""


def colour_descriptor(image: Image.Image, mask: Mask) -> NDArray[np.float64]:
    """(400,) non-negative, summing to 1: one soft histogram of 4 x 5 x 5 Lab bins for the region and for each band from top to
    bottom, weighted. `mask` (height, width) must not be empty."""
    ys, xs = np.nonzero(mask)
    step = max(1, len(ys) // MOST)
    ys, xs = ys[::step], xs[::step]
    bins = _soft_bins(lab(np.asarray(image)[ys, xs]))
    whole = bins.mean(0)
    band = np.minimum((ys - ys.min()) * BANDS // max(1, ys.max() - ys.min() + 1), BANDS - 1)
    thirds = [bins[band == i].mean(0) if (band == i).any() else whole for i in range(BANDS)]
    return np.concatenate([WHOLE * whole, *[(1 - WHOLE) / BANDS * third for third in thirds]])


def colour_affinity(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Bhattacharyya coefficient of two descriptors, in [0, 1]: its square roots let small features (a belt, a heart) count for
    more than their share of pixels."""
    return float(np.clip(np.sqrt(np.maximum(a, 0) * np.maximum(b, 0)).sum(), 0.0, 1.0))


def lab(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(N, 3) sRGB in 0..255 to CIE Lab (D65): L in 0..100, a and b about -110..110."""
    c = rgb.astype(np.float64) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
    xyz = linear @ matrix.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    found: NDArray[np.float64] = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)
    return found


def _soft_bins(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 100): each colour shared between the nearest bins on each axis, so that a slightly other shade is a slight change."""
    shares = [_share(colours[:, 0], LIGHTNESS), _share(colours[:, 1], OPPONENT), _share(colours[:, 2], OPPONENT)]
    found: NDArray[np.float64] = np.einsum("ni,nj,nk->nijk", *shares).reshape(len(colours), -1)
    return found


def _share(values: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    at = np.clip((values - centres[0]) / (centres[1] - centres[0]), 0, len(centres) - 1)
    found: NDArray[np.float64] = np.maximum(0.0, 1 - np.abs(at[:, None] - np.arange(len(centres))[None, :]))
    return found

"""Ways to spoil a picture that no training of the lab saw (studies/paperdoll/make/training/corruption.py)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from benchmarks.scores.figures import SEED


def speckled(image: Image.Image) -> Image.Image:
    """One pixel of a hundred black or white."""
    pixels, rng = np.asarray(image).copy(), np.random.default_rng(SEED)
    at = rng.random(pixels.shape[:2])
    pixels[at < 0.005], pixels[at > 0.995] = 0, 255
    return Image.fromarray(pixels)


def shaken(image: Image.Image) -> Image.Image:
    """Moved by two pixels while it was taken."""
    return image.filter(ImageFilter.Kernel((3, 3), (0, 0, 0, 1, 1, 1, 0, 0, 0)))


def shaded(image: Image.Image) -> Image.Image:
    """Half as light at the right edge as at the left."""
    pixels = np.asarray(image) * np.linspace(1, 0.5, image.width)[None, :, None]
    return Image.fromarray(pixels.astype(np.uint8))


SPOILT: dict[str, Callable[[Image.Image], Image.Image]] = {
    "speckled": speckled,
    "shaken": shaken,
    "shaded": shaded,
    "posterised": lambda image: ImageOps.posterize(image, 3),
    "sharpened": lambda image: image.filter(ImageFilter.UnsharpMask(2, 200, 0)),
    "dark": lambda image: image.point(lambda v: round(255 * (v / 255) ** 1.8)),
}
"""What is done to pictures here and in no training (studies/paperdoll/make/training/corruption.py)."""

"""Pictures that nobody cut for training, as kohya's scripts take them: scaled down, and cut to whole latent cells."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.boxes import PixelBox
from models.errors import InputError
from models.io.images import open_photo
from models.language.translate import phrase
from trainers.prepare.cutting.crops import Size

if TYPE_CHECKING:
    from PIL import Image

LARGE: Final = 4
"""Areas of the resolution from which a picture is no training picture, but a photo."""
STEP: Final = 32
"""Pixels between two sizes of scaled pictures, so that many have one size and share batches."""


def are_photos(sizes: Sequence[Size], resolution: Size, factor: int) -> bool:
    """Whether any picture is larger than training pictures are, or no whole latent cells: then the set was cut by nobody."""
    largest = LARGE * resolution[0] * resolution[1]
    return any(width * height > largest or width % factor or height % factor for width, height in sizes)


def fitted_size(size: Size, resolution: Size | None, factor: int) -> Size:
    """What a picture is trained at: of no more area than `resolution`, and whole cells of `factor` pixels; never enlarged.

    Without a `resolution` it is only cut. A side below one cell is 0.
    """
    scale = 1.0 if resolution is None else min(1.0, sqrt(resolution[0] * resolution[1] / (size[0] * size[1])))
    sides = [int(side * scale + 1e-6) for side in size]
    step = max(factor, STEP) if scale < 1 and min(sides) >= 8 * STEP else factor
    return sides[0] // step * step, sides[1] // step * step


def open_fitted(path: Path, size: Size) -> Image.Image:
    """The picture, scaled to cover `size`, its middle. Raises InputError as `open_photo` does."""
    return fitted(open_photo(path), size)


def fitted(image: Image.Image, size: Size) -> Image.Image:
    """Scaled to cover `size`, its middle."""
    from PIL import Image

    if image.size == size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, box=_middle(image.size, size))


def fitted_box(box: PixelBox, original: Size, size: Size) -> PixelBox:
    """A box in pixels of the file, in those of the fitted picture, clipped to it."""
    left, top, right, _ = _middle(original, size)
    scale = size[0] / (right - left)
    x = [min(max((side - left) * scale, 0.0), float(size[0])) for side in (box.left, box.right)]
    y = [min(max((side - top) * scale, 0.0), float(size[1])) for side in (box.top, box.bottom)]
    return PixelBox(x[0], y[0], x[1], y[1])


def check_size(size: Size, original: Size, factor: int, path: Path) -> None:
    """Raises InputError for a picture of which nothing is left to train."""
    if not all(size):
        what = phrase(
            "a picture of {original}x{original_2}, smaller than the {factor} pixels that this base's sizes are multiples of",
            original=original[0],
            original_2=original[1],
            factor=factor,
        )
        raise InputError(what, path, "give a larger one")


def _middle(original: Size, size: Size) -> tuple[float, float, float, float]:
    """The part around the middle that becomes `size`: without resampling where so much as a step is cut off at most."""
    scale = min(original[0] / size[0], original[1] / size[1])
    if all(whole - side < STEP for whole, side in zip(original, size, strict=True)):
        scale = 1.0
    width, height = size[0] * scale, size[1] * scale
    left, top = (original[0] - width) // 2, (original[1] - height) // 2
    return left, top, left + width, top + height

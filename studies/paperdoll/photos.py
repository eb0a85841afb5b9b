"""Photos of a product as a user would have them: odd sizes and ratios, several wearers, framings, poses and file types."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import Figure, Framing, Garment, Identity, Shoes
from studies.paperdoll.world.products import WORN, Product, wear

FACE_FRAMINGS: Final[tuple[Framing, ...]] = ("full body", "upper body", "upper body", "full body", "face close-up")
CLOTHING_FRAMINGS: Final[tuple[Framing, ...]] = ("full body", "full body", "upper body", "full body", "upper body")
FRAMINGS: Final[dict[type, tuple[Framing, ...]]] = {
    Identity: FACE_FRAMINGS,
    Garment: CLOTHING_FRAMINGS,
    Shoes: ("full body",),
}
"""The framings in turn. A face is also wanted close, a dress whole; shoes show only on whole or lower bodies."""

WIDTHS: Final = (220, 420)
RATIOS: Final = (1.42, 1.68)
ORIENTATION: Final = 0x0112
TURNED: Final = 6
"""EXIF's code for a picture that must be turned a quarter clockwise to stand upright."""


def write_photos(product: Product, folder: Path, count: int = 24, seed: int = 0) -> None:
    """Writes `count` photos of `product` into `folder`; the same arguments give the same files.

    Sizes run from 220x312 to 420x705 pixels and share no ratio; two of three are JPEGs, the rest PNGs; the third JPEG is stored
    turned, with the EXIF tag that says so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        rng = _numbers(product, index, seed)
        size, figure = _subject(product, index, rng)
        image = _picture(product, index, size, figure)
        if index % 3 == 2:
            image.save(folder / photo_name(index))
        else:
            _write_jpeg(image, folder / photo_name(index), int(rng.integers(82, 95)), turned=index == 3)


def photo_name(index: int) -> str:
    """The file of a photo."""
    return f"照片 {index:02d}.png" if index % 3 == 2 else f"IMG_{index:04d}.jpg"


def photographed(product: Product, index: int, seed: int = 0) -> Figure:
    """Whom a photo shows: what a person would caption it by."""
    return _subject(product, index, _numbers(product, index, seed))[1]


def _numbers(product: Product, index: int, seed: int) -> np.random.Generator:
    return np.random.default_rng((seed, list(WORN).index(product), index))


def _subject(product: Product, index: int, rng: np.random.Generator) -> tuple[tuple[int, int], Figure]:
    """The size of a photo and whom it shows."""
    width = int(rng.integers(WIDTHS[0], WIDTHS[1] + 1))
    height = round(width * rng.uniform(*RATIOS))
    framings = FRAMINGS[type(WORN[product])]
    return (width, height), wear(random_figure(rng, framings[index % len(framings)]), product)


def _picture(product: Product, index: int, size: tuple[int, int], figure: Figure) -> Image.Image:
    width, height = size
    if not isinstance(WORN[product], Shoes) or index % 4 != 3:
        return draw(figure, (width, height), seed=index).image
    # A cut-off wearer, as shoes are often photographed: the lower part of a larger picture.
    whole = draw(figure, (round(width * 1.5), round(height * 1.5)), seed=index).image
    left, top = (whole.width - width) // 2, whole.height - height
    return whole.crop((left, top, left + width, whole.height))


def _write_jpeg(image: Image.Image, path: Path, quality: int, *, turned: bool) -> None:
    if not turned:
        image.save(path, quality=quality)
        return
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED
    image.transpose(Image.Transpose.ROTATE_90).save(path, quality=quality, exif=exif)

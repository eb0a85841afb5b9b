"""Regions as they lie in a part of the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optimizer.regions.regions import Regions, Words

if TYPE_CHECKING:
    from optimizer.regions.regions import Mask


def cut_regions(regions: Regions | None, box: tuple[float, float, float, float], size: tuple[int, int]) -> Regions | None:
    """Those of LoRAs, and the places of words, in a box (left, top, right, bottom in shares of the image) that is drawn at `size`
    (width, height). Beyond the image its edge goes on."""
    if regions is None:
        return None
    words = {figure: Words(_cut(read.place, box, size), read.text) for figure, read in regions.words.items()}
    return Regions({lora: _cut(mask, box, size) for lora, mask in regions.masks.items()}, words)


def _cut(mask: Mask, box: tuple[float, float, float, float], size: tuple[int, int]) -> Mask:
    """(height, width) of `size`: each pixel is that of the mask at its middle."""
    left, top, right, bottom = box
    rows = _places(mask.shape[0], top, bottom, size[1])
    columns = _places(mask.shape[1], left, right, size[0])
    return mask[np.ix_(rows, columns)]


def _places(pixels: int, begin: float, end: float, count: int) -> list[int]:
    middles = begin + (np.arange(count) + 0.5) * ((end - begin) / count)
    return [int(at) for at in np.clip(np.floor(middles * pixels + 1e-9), 0, pixels - 1)]

"""Regions that a person wrote: boxes, and masks painted as pictures."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from models.errors import InputError
from models.io.images import open_map
from models.language.translate import phrase
from studies.regions.section import WrittenRegion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optimizer.regions.regions import Mask
    from studies.regions.section import RegionSection

WHITE: Final = 128
"""Brightness, of 255, from which a mask's pixel is white."""
LEAST: Final = 16
"""Pixels of a region: a quarter of a cell of 8x8, by which predictions are shared out."""
SAME: Final = 0.99
"""Share of their union that two regions have in common where they are the same."""


def written_regions(regions: Mapping[str, RegionSection], size: tuple[int, int], root: Path) -> dict[str, Mask]:
    """By LoRA, (height, width) of an image of `size` (width, height), of those that name a box or a mask.

    Raises InputError for a mask that does not open, has another size, or is black or white all over; a region of less than
    `LEAST` pixels; and two regions that are the same.
    """
    found: dict[str, Mask] = {}
    for lora, region in regions.items():
        if not isinstance(region, WrittenRegion):
            continue
        if region.box is not None:
            found[lora] = _of_box(lora, region.box, size)
        elif region.mask is not None:
            found[lora] = _of_mask(lora, (root / region.mask).expanduser(), size)
        _check_size(lora, found[lora])
    for one, other in combinations(found, 2):
        if (found[one] & found[other]).sum() >= SAME * (found[one] | found[other]).sum():
            what = phrase("{one} and {other} have the same region, where they contend as without any", one=one, other=other)
            mend = phrase(
                "give each its own place, or leave loras.{one}.region and loras.{other}.region out", one=one, other=other
            )
            raise InputError(what, phrase("loras.{lora}.region", lora=other), mend)
    return found


def _check_size(lora: str, mask: Mask) -> None:
    count = int(mask.sum())
    if count < LEAST:
        text = "the region of {lora} is {count} pixels large, and pictures are drawn in cells of 8x8"
        mend = "make it larger: there the LoRA would act next to nowhere"
        raise InputError(phrase(text, lora=lora, count=count), phrase("loras.{lora}.region", lora=lora), mend)


def _of_box(lora: str, box: tuple[float, float, float, float], size: tuple[int, int]) -> Mask:
    (width, height), (left, top, right, bottom) = size, box
    mask = np.zeros((height, width), np.bool_)
    mask[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = True
    if not mask.any():
        what = phrase("the box of {lora} holds no pixel of {width}x{height}", lora=lora, width=width, height=height)
        raise InputError(what, phrase("loras.{lora}.region", lora=lora), "write a larger one")
    return mask


def _of_mask(lora: str, path: Path, size: tuple[int, int]) -> Mask:
    mask: Mask = np.asarray(open_map(path, size).convert("L")) >= WHITE
    if not mask.any():
        raise InputError("an empty mask: nothing in it is white", path, phrase("paint white where {lora} acts", lora=lora))
    if mask.all():
        what, mend = (
            phrase("a mask that is white all over"),
            phrase("paint black where {lora} does not act, or leave region out", lora=lora),
        )
        raise InputError(what, path, mend)
    return mask

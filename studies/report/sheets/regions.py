"""Where each LoRA acts, over a seed's locked image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from dashboards.sheet import Cell, sheet
from models.io.blur_filter import blurred as blur
from models.io.images import open_drawn
from models.language.translate import phrase
from studies.regions.words import by_place, words_of_regions
from studies.report.sheets.style import Sheet, save_sheet
from studies.run.blur_policy import little_clothing

if TYPE_CHECKING:
    from PIL.Image import Image

    from optimizer.regions.regions import Mask
    from studies.study import Study

COLOURS: Final = ((224, 112, 26), (31, 95, 208), (124, 58, 237), (15, 138, 126), (194, 37, 92))
OUTSIDE: Final = 0.35
"""How bright the picture is where the LoRA does not act."""


def regions_sheet(study: Study, seed: int, *, blurred: bool = True) -> Sheet | None:
    """The locked image, and for each LoRA with a region the same with the region lit; None where all LoRAs act everywhere.

    Draws the locked image where it is not stored. Raises InputError where a region is not found in it.
    """
    if study.regions is None:
        return None
    locked, masks = study.everywhere.evaluate(seed, study.locked), study.regions.of(seed).masks
    image = open_drawn(locked.image)
    bare = little_clothing(locked.observation)

    def drawn(hidden: bool) -> Image:
        ground = blur(image) if hidden else image
        words = words_of_regions(study.spec)
        everywhere = phrase("the locked image" if study.spec.figures else "the locked image, LoRAs everywhere")
        cells = [Cell(ground, (phrase("seed {seed}", seed=seed), everywhere))]
        for place, (names, where) in enumerate(by_place(words).items()):
            mask = masks[names.split(", ")[0]]
            share = phrase("{share:.0%} of the picture", share=float(mask.mean()))
            cells.append(Cell(_lit(ground, mask, COLOURS[place % len(COLOURS)]), (f"{names}: {where}", share)))
        footer = phrase("A LoRA acts where it is lit, with a soft edge; elsewhere only LoRAs without a region act.")
        return sheet([cells], title=phrase("Where each LoRA acts"), footer=footer)

    return save_sheet(study.workspace, picture_name(seed), drawn, bare and blurred)


def region_picture(study: Study, seed: int) -> Path | None:
    """The sheet as an earlier run saved it; None where there is none."""
    place = study.workspace.pictures / picture_name(seed)
    return place if study.regions is not None and place.is_file() else None


def picture_name(seed: int) -> str:
    """Of the sheet, in the workspace's pictures."""
    return f"regions-{seed}.png"


def _lit(image: Image, mask: Mask, colour: tuple[int, int, int]) -> Image:
    """Darker outside of the mask, with its edge in a colour."""
    from PIL import Image
    from scipy import ndimage

    pixels = np.asarray(image).astype(float)
    pixels[~mask] *= OUTSIDE
    pixels[mask & ~ndimage.binary_erosion(mask, iterations=max(1, mask.shape[0] // 200))] = colour
    return Image.fromarray(pixels.round().astype(np.uint8))

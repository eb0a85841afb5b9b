"""The picture of one question about a level: the photo, and the images that are asked about, each with the thing itself larger.

Scores are not shown: a person who sees them agrees with them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dashboards.sheet import Cell, sheet
from models.boxes import ShareBox
from models.language.translate import phrase
from studies.references.pictures import reference_pictures
from studies.report.sheets.style import open_image, save

if TYPE_CHECKING:
    from PIL.Image import Image

    from studies.levels.pictures import LevelPictures
    from studies.levels.sitting import Asked
    from studies.study import Study

AROUND: Final = 0.12
"""Of the thing's longer side, what is shown around it on each side."""


@dataclass
class ReferencePhotos:
    """By LoRA the reference photo that the picture which shows most of it resembles. Each LoRA's photos are opened once."""

    study: Study
    pictures: LevelPictures
    _found: dict[str, Image | None] = field(default_factory=dict)

    def of(self, name: str) -> Image | None:
        """None where there is none."""
        if name not in self._found:
            index, photos = self.pictures.best(name).photo, reference_pictures(self.study, name).open()
            self._found[name] = photos[index][1] if index is not None and index < len(photos) else None
        return self._found[name]


def level_sheet(photos: ReferencePhotos, asked: Asked) -> Path:
    """Saves the picture of a question; returns its path in the workspace."""
    cells = [Cell(photos.of(asked.lora), (phrase("the photo"),))]
    for number, picture in enumerate(asked.pictures, 1):
        image = open_image(picture.image)
        cells.append(Cell(image, (str(number),)))
        if (close := close_up(image, picture.place)) is not None:
            cells.append(Cell(close, (phrase("{number}, larger", number=number),)))
    title = phrase("{lora}: in which of these is it still good enough?", lora=asked.lora)
    return save(photos.study.workspace.make(), f"level-{asked.number}-{asked.lora}.png", sheet([cells], title=title))


def close_up(image: Image, place: ShareBox | None) -> Image | None:
    """What a LoRA's thing looks like in an image; None where it was not found."""
    if place is None:
        return None
    left, top, right, bottom = (side * length for side, length in zip(place, (*image.size, *image.size), strict=True))
    around = AROUND * max(right - left, bottom - top)
    box = (left - around, top - around, right + around, bottom + around)
    inside = (max(0, int(box[0])), max(0, int(box[1])), min(image.width, int(box[2]) + 1), min(image.height, int(box[3]) + 1))
    return image.crop(inside) if inside[0] < inside[2] and inside[1] < inside[3] else None

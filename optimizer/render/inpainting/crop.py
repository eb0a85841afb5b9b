"""A part of a picture cut out, enlarged to the size that is drawn, and pasted back: A1111's "Inpaint area: Only masked".

Boxes are in pixels, (left, top, right, bottom), right and bottom outside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from models.boxes import PixelBox
from optimizer.regions.cut import cut_regions

if TYPE_CHECKING:
    from PIL.Image import Image

    from optimizer.control.hints import Hints
    from optimizer.regions.regions import Regions
    from optimizer.render.inpainting.base import Mask
    from optimizer.render.inpainting.margins import Margins


@dataclass(frozen=True)
class Crop:
    """Where a part of a picture is redrawn."""

    box: tuple[int, int, int, int]
    """What is cut out: of the picture's proportions, as far as whole pixels go."""
    mask: tuple[int, int, int, int]
    """What is redrawn of it."""
    blur: int
    size: tuple[int, int]
    """(width, height) of the picture, to which the crop is enlarged."""

    def enlarged(self, picture: Image) -> Image:
        """The crop at the picture's size."""
        from PIL import Image

        return picture.crop(self.box).resize(self.size, Image.Resampling.LANCZOS)

    def enlarged_mask(self) -> Mask:
        """(height, width) of the enlarged crop, True where it is redrawn: as far as the feathered edge counts half."""
        width, height = self.size
        left, top, right, bottom = self.box
        across, down = width / (right - left), height / (bottom - top)
        found = np.zeros((height, width), np.bool_)
        x, y = (self.mask[0] - left) * across, (self.mask[1] - top) * down
        far, low = (self.mask[2] - left) * across, (self.mask[3] - top) * down
        found[round(y) : round(low), round(x) : round(far)] = True
        return found

    def enlarged_regions(self, regions: Regions | None) -> Regions | None:
        """Those of LoRAs, and the places of words, as they lie in the enlarged crop."""
        width, height = self.size
        left, top, right, bottom = self.box
        return cut_regions(regions, (left / width, top / height, right / width, bottom / height), self.size)

    def enlarged_hints(self, hints: Hints | None) -> Hints | None:
        """What ControlNets are told, as it lies in the enlarged crop."""
        from PIL import Image

        from optimizer.control.hints import Hints

        if hints is None:
            return None
        cut = {name: Image.fromarray(hint.picture).crop(self.box) for name, hint in hints.by_net.items()}
        large = {name: np.asarray(picture.resize(self.size, Image.Resampling.BICUBIC)) for name, picture in cut.items()}
        return Hints({name: replace(hint, picture=large[name]) for name, hint in hints.by_net.items()})

    def feathered(self) -> Image:
        """(L) of the crop's own size, how much of each pixel is redrawn: the mask with its blurred edge."""
        from PIL import Image, ImageFilter

        mask = Image.new("L", self.size, 0)
        mask.paste(255, self.mask)
        return mask.filter(ImageFilter.GaussianBlur(self.blur)).crop(self.box)

    def pasted(self, picture: Image, drawn: Image) -> Image:
        """The picture with the redrawn crop in it, shrunk and feathered; what the mask does not reach stays as it is."""
        from PIL import Image

        left, top, right, bottom = self.box
        small = drawn.resize((right - left, bottom - top), Image.Resampling.LANCZOS)
        inside = Image.new("L", picture.size, 0)
        inside.paste(self.feathered(), self.box[:2])
        over = picture.convert("RGB")
        over.paste(small, self.box[:2])
        return Image.composite(over, picture.convert("RGB"), inside)


def crop_around(part: PixelBox, size: tuple[int, int], margins: Margins, cell: int) -> Crop:
    """The crop of a picture of `size` (width, height) around the box of a part.

    It has the picture's proportions and lies within it, whole where the part is large. `cell` is a latent cell in pixels of the
    drawn size: a mask of less than one would redraw nothing, and is grown.
    """
    width, height = size
    grown, padding, blur = margins.of(size)
    mask = _within(_grown(part, grown), size)
    wide, tall = (mask[2] - mask[0]) + 2 * padding, (mask[3] - mask[1]) + 2 * padding
    # Without padding, half a pixel less than the mask is wide would leave it outside.
    least = int(np.ceil((mask[2] - mask[0]) * height / width))
    rows = min(height, max(tall, round(wide * height / width), least, 2 * cell))
    columns = min(width, max(1, round(rows * width / height)))
    box = _placed(mask, columns, rows, size)
    return Crop(box, _at_least(mask, box, 2 * cell * columns / width), blur, size)


def _grown(part: PixelBox, by: float) -> PixelBox:
    return PixelBox(part.left - by, part.top - by, part.right + by, part.bottom + by)


def _within(box: PixelBox, size: tuple[int, int]) -> tuple[int, int, int, int]:
    width, height = size
    left, top = max(0, int(np.floor(box.left))), max(0, int(np.floor(box.top)))
    return left, top, max(left + 1, min(width, int(np.ceil(box.right)))), max(top + 1, min(height, int(np.ceil(box.bottom))))


def _placed(mask: tuple[int, int, int, int], columns: int, rows: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box of so many columns and rows with the mask in its middle, moved into the picture."""
    left = min(max(0, round((mask[0] + mask[2] - columns) / 2)), size[0] - columns)
    top = min(max(0, round((mask[1] + mask[3] - rows) / 2)), size[1] - rows)
    return left, top, left + columns, top + rows


def _at_least(mask: tuple[int, int, int, int], box: tuple[int, int, int, int], side: float) -> tuple[int, int, int, int]:
    """The mask, at least `side` wide and high, within the box."""
    found = list(mask)
    for low, high in ((0, 2), (1, 3)):
        missing = int(np.ceil(side)) - (mask[high] - mask[low])
        if missing > 0:
            found[low] = max(box[low], mask[low] - (missing + 1) // 2)
            found[high] = min(box[high], mask[high] + (missing + 1) // 2)
    return found[0], found[1], found[2], found[3]

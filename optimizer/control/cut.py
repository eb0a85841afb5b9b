"""What ControlNets are told, as it lies in a part of the image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from optimizer.control.hints import Hint, Hints

if TYPE_CHECKING:
    from PIL.Image import Image

    from optimizer.control.hints import Levels


def cut_hints(hints: Hints | None, box: tuple[float, float, float, float], size: tuple[int, int]) -> Hints | None:
    """Hints of a box (left, top, right, bottom in shares of the image) that is drawn at `size` (width, height). Beyond the image
    its edge goes on."""
    if hints is None:
        return None
    return Hints({name: replace(hint, picture=_cut(hint.picture, box, size)) for name, hint in hints.by_net.items()})


def _cut(picture: Levels, box: tuple[float, float, float, float], size: tuple[int, int]) -> Levels:
    """(height, width, 3) of `size`."""
    from PIL import Image

    (height, width), (left, top, right, bottom) = picture.shape[:2], box
    # What lies beyond is as far as a tile at most: one whole picture.
    beyond = (0, height if bottom > 1 else 0), (0, width if right > 1 else 0), (0, 0)
    whole = Image.fromarray(np.pad(picture, beyond, mode="edge"))
    pixels = left * width, top * height, right * width, bottom * height
    return np.asarray(whole.resize(size, Image.Resampling.BICUBIC, box=pixels))


def told_itself(hints: Hints | None, name: str, net: str, picture: Image) -> Hints:
    """The hints with that of a ControlNet of tiles, which is told the picture that is drawn again. `net` is its digest."""
    own = Hint(net, np.asarray(picture.convert("RGB")))
    return Hints({**({} if hints is None else hints.by_net), name: own})

"""Parts of several people side by side: a parser that is made for pictures of one person sees the image window by window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

    from scorers.observe.base import PartSource


@dataclass(frozen=True)
class WideParts:
    """A PartSource. Parsers bring what they are given to one size: a picture twice as wide would be squeezed to half.

    Windows are as wide as one of `count` people has room, and overlap by half; a pixel is named by the window whose middle is
    nearest, so that a quarter of a window at least lies on each side of it, or the image's edge.
    """

    parser: PartSource
    count: int

    @property
    def labels(self) -> Mapping[int, str]:
        return self.parser.labels

    def parse(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        lefts = [_lefts(image.width, self.count) for image in images]
        crops = [
            image.crop((left, 0, left + _width(image.width, self.count), image.height))
            for image, at in zip(images, lefts, strict=True)
            for left in at
        ]
        found = iter(self.parser.parse(crops))
        return [_joined([(left, next(found)) for left in at], image.width) for image, at in zip(images, lefts, strict=True)]


def _width(width: int, count: int) -> int:
    return -(-width // count)


def _lefts(width: int, count: int) -> list[int]:
    """Where windows begin, the last at the right edge."""
    windows = 2 * count - 1
    last = width - _width(width, count)
    return [round(last * i / max(1, windows - 1)) for i in range(windows)]


def _joined(windows: Sequence[tuple[int, NDArray[np.uint8]]], width: int) -> NDArray[np.uint8]:
    middles = np.array([left + labels.shape[1] / 2 for left, labels in windows])
    columns = np.arange(width)
    nearest = np.abs(columns[None, :] + 0.5 - middles[:, None]).argmin(axis=0)
    return np.stack([windows[i][1][:, column - windows[i][0]] for column, i in zip(columns, nearest, strict=True)], axis=1)

"""The ONNX hand judge: the probability that a hand is broken, from a square crop of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.boxes import PixelBox
from models.vision.onnx import OnnxModel, open_onnx
from scorers.observe.crops import square_crop

SIDE: Final = 48
"""Pixels of the judge's input."""
MARGIN: Final = 0.3
"""Ground around the hand, in shares of its longer side: the end of an arm shows there that a hand is torn from."""


LEFT_OUT: Final = (0, 2, 4)
"""Pixels of a crop's border that its views leave out."""
LEAST: Final = 1e-6
"""Probabilities nearer to 0 or 1 count as this near."""


@dataclass(frozen=True)
class HandJudge:
    """A model from (N, 3, 48, 48) RGB in [0, 1] to (N, 1) probabilities of a broken hand."""

    model: OnnxModel
    many_views: bool = False
    """Whether each hand is judged by the mean log-odds of twelve views of it: turned over, and nearer. One view of a painted hand
    is often far off to either side."""

    def broken(self, crops: Sequence[Image.Image]) -> list[float]:
        """For each crop of `hand_crop` the probability in [0, 1] that the hand is broken."""
        if not crops:
            return []
        seen = [views(crop) if self.many_views else [crop] for crop in crops]
        batch = np.stack([np.asarray(view, np.float32) for own in seen for view in own]).transpose(0, 3, 1, 2) / np.float32(255)
        found: NDArray[np.float32] = np.clip(self.model.run(batch).reshape(len(crops), -1), 0, 1)
        if not self.many_views:
            return [float(p) for p in found[:, 0]]
        p = np.clip(found.astype(np.float64), LEAST, 1 - LEAST)
        return [float(odds / (1 + odds)) for odds in np.exp(np.log(p / (1 - p)).mean(axis=1))]


def views(crop: Image.Image) -> list[Image.Image]:
    """Twelve views (48 x 48) of a hand, the crop among them: at three distances, as it is, mirrored, upside down and both."""
    flips = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_180)
    nearer = [crop.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=_inner(crop.size, cut)) for cut in LEFT_OUT]
    return [view for near in nearer for view in (near, *(near.transpose(flip) for flip in flips))]


def _inner(size: tuple[int, int], cut: int) -> tuple[int, int, int, int]:
    return cut, cut, size[0] - cut, size[1] - cut


def open_hand_judge(path: str | Path, device: str = "cpu", *, many_views: bool = False) -> HandJudge:
    """Opens a hand judge. Raises InputError if the file is absent or takes other input."""
    return HandJudge(open_onnx(path, inputs=(None, 3, SIDE, SIDE), device=device), many_views)


def hand_crop(image: Image.Image, box: PixelBox) -> Image.Image:
    """The square crop of a hand, the judge's input."""
    return square_crop(image, box, MARGIN, SIDE)

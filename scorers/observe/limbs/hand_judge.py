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


@dataclass(frozen=True)
class HandJudge:
    """A model from (N, 3, 48, 48) RGB in [0, 1] to (N, 1) probabilities of a broken hand."""

    model: OnnxModel

    def broken(self, crops: Sequence[Image.Image]) -> list[float]:
        """For each crop of `hand_crop` the probability in [0, 1] that the hand is broken."""
        if not crops:
            return []
        batch = np.stack([np.asarray(c, np.float32) for c in crops]).transpose(0, 3, 1, 2) / np.float32(255)
        found: NDArray[np.float32] = self.model.run(batch).reshape(len(crops))
        return [float(p) for p in np.clip(found, 0, 1)]


def open_hand_judge(path: str | Path, device: str = "cpu") -> HandJudge:
    """Opens a hand judge. Raises InputError if the file is absent or takes other input."""
    return HandJudge(open_onnx(path, inputs=(None, 3, SIDE, SIDE), device=device))


def hand_crop(image: Image.Image, box: PixelBox) -> Image.Image:
    """The square crop of a hand, the judge's input."""
    return square_crop(image, box, MARGIN, SIDE)

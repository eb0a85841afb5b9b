"""Hands: an ONNX judge looks at each one; the score is the worst of those large enough to judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.onnx import OnnxModel, open_onnx
from scorers.crops import square_crop
from scorers.observation import HandObservation, Observation
from scorers.parts import Box

SIDE: Final = 48
"""Pixels of the judge's input."""
MARGIN: Final = 0.3
"""Ground around the hand, in shares of its longer side: the end of an arm shows there that a hand is torn from."""
SMALLEST: Final = 12.0
"""Pixels: of a smaller hand fingers cannot be counted, so it is not judged."""
A_PERSON: Final = 2
"""Hands, and feet, that a person has."""


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


def hand_crop(image: Image.Image, box: Box) -> Image.Image:
    """The square crop of a hand that a judge looks at; `box` in pixels."""
    return square_crop(image, box, MARGIN, SIDE)


def large_hands(observation: Observation, smallest: float = SMALLEST) -> list[HandObservation]:
    """The hands of at least `smallest` pixels: those that can be judged."""
    return [hand for hand in observation.hands if hand.size >= smallest]


def hands_score(observation: Observation, lost: int = 0) -> float:
    """In [0, 1]: the worst broken probability among hands that can be judged, and 1 if any is `lost` (scorers.expected). A hidden
    hand is not a broken one: 0 where none is to be seen and none is lost."""
    return 1.0 if lost else max((hand.broken for hand in large_hands(observation)), default=0.0)


def hands_allowed(locked: Observation, tolerance: float = 0.15) -> float:
    """The most an image's hands score may be, in [0, 1]: that of the hands seen in the locked image plus `tolerance`. A hand that
    the locked image has lost itself is no licence to lose it."""
    return min(1.0, hands_score(locked) + tolerance)

"""The lab's hand judge: a small convolutional network in ONNX, trained on crops of drawn hands, whole and broken."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from scorers.hands import SIDE, hand_crop
from scorers.parts import pieces
from studies.paperdoll.make.corruption import corrupted, hue_turned
from studies.paperdoll.make.export import export_onnx
from studies.paperdoll.make.loop import train
from studies.paperdoll.make.painting import painted
from studies.paperdoll.make.pool import Pool, drawn_pool
from studies.paperdoll.pen import PART

STEPS = 1200
BATCH = 48
COUNT = 3000
PAINTED = 1500
SMALLEST_PIECE = 0.0015
SHIFT = 0.12
"""How far a crop's edges may be off, in shares of the hand's size: the parser's boxes are not exact."""


@dataclass(frozen=True)
class Hands:
    """`crops` (N, 48, 48, 3) in 0..255 and whether each hand is broken."""

    crops: NDArray[np.uint8]
    broken: NDArray[np.bool_]


class Judge(nn.Module):
    """(N, 3, 48, 48) in [0, 1] to (N, 1): logits in training, probabilities once `probabilities` is set."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 16, 32, 56, 80)
        blocks: list[nn.Module] = []
        for a, b in pairwise(widths):
            blocks += [nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2)]
        self.body = nn.Sequential(*blocks)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(80 * 9, 64), nn.ReLU(), nn.Linear(64, 1))
        self.probabilities = False

    def forward(self, x: Tensor) -> Tensor:
        said: Tensor = self.head(self.body((x - 0.5) * 2))
        return said.sigmoid() if self.probabilities else said


def cut_hands(pool: Pool, rng: np.random.Generator, times: int = 1) -> Hands:
    """Crops around the pieces of each picture's hands mask, as the observer finds them, each `times` with its own shift. A piece
    is taken if it is one hand whole in the picture; which of the two is told by the nearest drawn wrist."""
    crops, broken = [], []
    for figure, image, parts, keypoints in zip(pool.figures, pool.images, pool.parts, pool.keypoints, strict=True):
        picture = Image.fromarray(image)
        for piece in pieces(parts == PART["hands"], SMALLEST_PIECE):
            left, top, right, bottom = piece.box
            if left < 1 or top < 1 or right > parts.shape[1] - 1 or bottom > parts.shape[0] - 1:
                continue
            state = figure.pose.hands[_side(piece.centre, keypoints)]
            for _ in range(times):
                a, b, c, d = rng.uniform(-SHIFT, SHIFT, 4) * max(right - left, bottom - top)
                crops.append(np.asarray(hand_crop(picture, (left + a, top + b, right + c, bottom + d))))
                broken.append(state != "whole")
    return Hands(np.stack(crops), np.array(broken))


def _side(centre: tuple[float, float], keypoints: dict[str, tuple[float, float]]) -> int:
    apart = [np.hypot(*np.subtract(centre, keypoints[f"{side}_wrist"])) for side in ("left", "right")]
    return int(np.argmin(apart))


def _both(a: Hands, b: Hands) -> Hands:
    return Hands(np.concatenate([a.crops, b.crops]), np.concatenate([a.broken, b.broken]))


def make(out: Path, work: Path, steps: int = STEPS) -> None:
    """Writes `out`/hands.onnx. The lab's base must lie at `out`/../base: a part of the hands are painted by it, as all hands will
    be that are judged later."""
    torch.manual_seed(42)
    pool = drawn_pool(COUNT, 0, work)
    rng = np.random.default_rng(43)
    hands = _both(cut_hands(pool, rng), cut_hands(painted(pool, out.parent / "base", seed=43, count=PAINTED), rng, times=2))
    truth = torch.from_numpy(hands.broken).float()

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng((44, step))
        rows = rng.integers(len(truth), size=BATCH)
        x = torch.from_numpy(hands.crops[rows]).permute(0, 3, 1, 2).float() / 255
        for axis in (-1, -2):
            if rng.random() < 0.5:
                x = x.flip(axis)
        if rng.random() < 0.3:
            x = hue_turned(x, rng)
        return F.binary_cross_entropy_with_logits(judge(corrupted(x, rng)).squeeze(1), truth[rows])

    judge = Judge()
    trained = train(judge, loss, steps=steps, rate=2e-3, state=work / "hands.pt", ema=0.995)
    assert isinstance(trained, Judge)
    trained.probabilities = True
    export_onnx(trained, torch.zeros(2, 3, SIDE, SIDE), out / "hands.onnx", ["broken"])

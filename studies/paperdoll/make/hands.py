"""The lab's hand judge: a small convolutional network in ONNX, trained on crops of drawn hands, whole and broken.

A hand torn from its wrist is one of the broken kinds. The world draws some so near to their arm that no ground shows between, and
the decoder closes gaps of a pixel; such pictures are left out. As so few of this kind remain, more of it are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from models.boxes import PixelBox
from scorers.observe.limbs.hand_judge import SIDE, hand_crop
from scorers.observe.parts import pieces
from studies.paperdoll.make.training.corruption import corrupted, hue_turned
from studies.paperdoll.make.training.export import export_onnx
from studies.paperdoll.make.training.loop import train
from studies.paperdoll.make.training.painting import painted
from studies.paperdoll.make.training.pool import SIZE, Pool, drawn_pool
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import HIDDEN, Figure
from studies.paperdoll.world.pen import PART

STEPS = 2400
BATCH = 48
COUNT = 3000
PAINTED = 1500
TORN = 1200
"""Further figures, both of whose hands are torn from their wrists."""
TORN_PAINTED = 500
GAPS = (0.5, 2.0)
"""Pixels of ground between hand and arm from which a gap shows, in a drawing and once the base has painted it."""
LIKE_GROUND = 0.35
"""Distance to the ground's colour as a share of that to ground and skin, below which a place counts as ground."""
SMALLEST_PIECE = 0.0015
SIDES = ("left", "right")
PALM_AT, BETWEEN, STEP = 13.0, (2.0, 9.0), 0.5
"""Pixels beyond the wrist where the palm is even of a torn hand, where its gap lies, and how finely it is measured."""
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
        logits: Tensor = self.head(self.body((x - 0.5) * 2))
        return logits.sigmoid() if self.probabilities else logits


def cut_hands(pool: Pool, rng: np.random.Generator, drawn: NDArray[np.uint8], least_gap: float, times: int = 1) -> Hands:
    """Crops around the pieces of each picture's hands mask, as the observer finds them, each `times` with its own shift. A piece
    is taken if it is one hand whole in the picture; the nearest drawn wrist decides which of the two. Torn hands are taken if
    their gap in `drawn`, the pool's pictures before they were painted, has at least `least_gap` pixels."""
    crops, broken = [], []
    rows = zip(pool.figures, pool.images, pool.parts, pool.keypoints, drawn, strict=True)
    for figure, image, parts, keypoints, before in rows:
        picture = Image.fromarray(image)
        for piece in pieces(parts == PART["hands"], SMALLEST_PIECE):
            left, top, right, bottom = piece.box
            if left < 1 or top < 1 or right > parts.shape[1] - 1 or bottom > parts.shape[0] - 1:
                continue
            side = _side(piece.centre, keypoints)
            state = figure.pose.hands[side]
            if state == "detached" and gap(before, keypoints, SIDES[side]) < least_gap:
                continue
            for _ in range(times):
                a, b, c, d = rng.uniform(-SHIFT, SHIFT, 4) * max(right - left, bottom - top)
                crops.append(np.asarray(hand_crop(picture, PixelBox(left + a, top + b, right + c, bottom + d))))
                broken.append(state != "whole")
    return Hands(np.stack(crops), np.array(broken))


def gap(drawn: NDArray[np.uint8], keypoints: dict[str, tuple[float, float]], side: str) -> float:
    """Pixels of ground that a drawing (H, W, 3) shows between an arm and its hand, along the arm's line."""
    wrist, shoulder = (np.array(keypoints[f"{side}_{joint}"]) for joint in ("wrist", "shoulder"))
    along = (wrist - shoulder) / np.linalg.norm(wrist - shoulder)
    across, pixels = np.array([-along[1], along[0]]), drawn.astype(np.float64)

    def stripe(at: float) -> NDArray[np.float64]:
        places = np.stack([wrist + along * at + across * by for by in (-2, -1, 0, 1, 2)])
        x, y = np.clip(np.round(places - 0.5).astype(int), 0, np.array([drawn.shape[1], drawn.shape[0]]) - 1).T
        found: NDArray[np.float64] = pixels[y, x]
        return found

    ground, skin = np.median(pixels[2:12, 2:12].reshape(-1, 3), axis=0), stripe(PALM_AT)[1:4].mean(0)
    apart = [[np.linalg.norm(stripe(at) - colour, axis=1) for colour in (ground, skin)] for at in np.arange(*BETWEEN, STEP)]
    return STEP * sum(float((a / (a + b + 1e-6)).mean()) < LIKE_GROUND for a, b in apart)


def _side(centre: tuple[float, float], keypoints: dict[str, tuple[float, float]]) -> int:
    apart = [np.hypot(*np.subtract(centre, keypoints[f"{side}_wrist"])) for side in SIDES]
    return int(np.argmin(apart))


def torn_pool(count: int, seed: int) -> Pool:
    """Figures that show both hands, torn from their wrists."""
    rng = np.random.default_rng((45, seed))
    figures: list[Figure] = []
    while len(figures) < count:
        figure = random_figure(rng)
        if figure.pose.arms not in HIDDEN:
            figures.append(replace(figure, pose=replace(figure.pose, hands=("detached", "detached"))))
    drawings = [draw(f, SIZE, seed=i) for i, f in enumerate(figures)]
    images, parts = np.stack([np.asarray(d.image) for d in drawings]), np.stack([d.parts for d in drawings])
    return Pool(figures, images, parts, [d.keypoints for d in drawings])


def hands_of(pool: Pool, base: Path, seed: int, count: int) -> list[Hands]:
    """The pool's hands as drawn, and those of its first `count` figures as the base paints them, twice each."""
    rng = np.random.default_rng(seed)
    drawn = cut_hands(pool, rng, pool.images, GAPS[0])
    return [drawn, cut_hands(painted(pool, base, seed=seed, count=count), rng, pool.images[:count], GAPS[1], times=2)]


def make(out: Path, work: Path, steps: int = STEPS) -> None:
    """Writes `out`/hands.onnx. The lab's base must lie at `out`/../base: a part of the hands are painted by it, as all hands will
    be that are judged later."""
    torch.manual_seed(42)
    base = out.parent / "base"
    found = [*hands_of(drawn_pool(COUNT, 0, work), base, 43, PAINTED), *hands_of(torn_pool(TORN, 0), base, 46, TORN_PAINTED)]
    crops, truth = np.concatenate([h.crops for h in found]), torch.from_numpy(np.concatenate([h.broken for h in found])).float()

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng((44, step))
        rows = rng.integers(len(truth), size=BATCH)
        x = torch.from_numpy(crops[rows]).permute(0, 3, 1, 2).float() / 255
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

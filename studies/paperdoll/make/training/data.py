"""Batches of drawn figures for training the lab's models."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from studies.paperdoll.world.draw import Drawing, draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import Figure, Framing

FULL = (128, 192)
SMALL = (64, 96)
MIX: tuple[tuple[Framing, tuple[int, int], float], ...] = (
    ("full body", FULL, 0.58),
    ("upper body", FULL, 0.09),
    ("face close-up", FULL, 0.07),
    ("clothing close-up", FULL, 0.11),
    ("shoes close-up", FULL, 0.03),
    ("face close-up", SMALL, 0.02),
    ("clothing close-up", SMALL, 0.02),
    ("shoes close-up", SMALL, 0.08),
)
"""Framing, size in pixels, share: the base must have seen garment crops, at the sizes of their training."""


def pixels(drawings: list[Drawing]) -> Tensor:
    """(N, 3, H, W) in [-1, 1]."""
    return as_tensor(np.stack([np.asarray(d.image) for d in drawings]))


def as_tensor(images: NDArray[np.uint8]) -> Tensor:
    """(N, H, W, 3) in 0..255 to (N, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1


def figures(count: int, framing: Framing, rng: np.random.Generator) -> list[Figure]:
    return [random_figure(rng, framing) for _ in range(count)]


def drawings(figures: list[Figure], size: tuple[int, int] = FULL) -> list[Drawing]:
    return [draw(f, size) for f in figures]

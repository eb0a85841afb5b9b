"""The images and captions of each step, determined by the seed in advance, so that any step can be repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from trainers.train.data.caption_variants import varied
from trainers.train.data.dataset import Picture
from trainers.train.settings.variety import Variety

VARIANTS: Final = 8
"""Variants of a caption: enough variety, few enough to cache their embeddings."""
COMPANION_VARIANTS: Final = 32
"""The same where triggers of companion LoRAs come and go."""


@dataclass(frozen=True)
class Batch:
    """The input of one step."""

    pictures: tuple[int, ...]
    """Indices of images, all of one size."""
    captions: tuple[str, ...]
    """The caption of each."""


def batches(pictures: Sequence[Picture], *, batch: int, epochs: int, variety: Variety, seed: int) -> list[Batch]:
    """All steps of a training. In each epoch every image comes `repeats` times; sizes never mix in a batch."""
    return [made for epoch in range(epochs) for made in _epoch(pictures, batch, variety, np.random.default_rng((seed, epoch)))]


def _epoch(pictures: Sequence[Picture], batch: int, variety: Variety, rng: np.random.Generator) -> list[Batch]:
    by_size: dict[tuple[int, int], list[int]] = {}
    for index, picture in enumerate(pictures):
        by_size.setdefault(picture.size, []).extend([index] * picture.repeats)
    found = []
    for size in sorted(by_size):
        order = [int(i) for i in rng.permutation(by_size[size])]
        for start in range(0, len(order), batch):
            chosen = tuple(order[start : start + batch])
            found.append(Batch(chosen, tuple(_variant(pictures[i].caption, i, variety, rng) for i in chosen)))
    return [found[int(i)] for i in rng.permutation(len(found))]


def _variant(caption: str, index: int, variety: Variety, rng: np.random.Generator) -> str:
    variant = int(rng.integers(COMPANION_VARIANTS if variety.beside else VARIANTS))
    if rng.random() < variety.dropout:
        return ""
    return varied(caption, variety, np.random.default_rng((index, variant)))

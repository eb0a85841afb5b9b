"""An image to draw, what predicts it, and which images one batch can contain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.base.family import Conditioning, joined
from optimizer.point import Job
from optimizer.regions.rows import Row

Pair = tuple[Conditioning, ...]
"""(negative, positive), or the positive alone for an image without guidance."""


@dataclass(frozen=True)
class Drawing:
    """A job, and the rows of the denoiser that predict it: one, or one for each region in which other LoRAs act."""

    job: Job
    rows: list[Row]
    pairs: list[Pair]
    """Of each row: what its LoRAs do to the text encoder they do in its region."""


def rows_together(pairs: Sequence[Pair]) -> Conditioning:
    """The rows of each image next to each other, as models.lora.fold wants them."""
    return joined([conditioning for pair in pairs for conditioning in pair])


def alike(drawings: Sequence[Drawing]) -> list[list[int]]:
    """Indices of jobs that one batch can contain: of equal steps, sampler, guidance, length of prompts and number of rows."""
    found: dict[tuple[object, ...], list[int]] = {}
    for index, one in enumerate(drawings):
        pair, point = one.pairs[0], one.job.point
        lengths = tuple(conditioning.lengths for conditioning in pair)
        key = (point.steps, point.sampler, len(pair), pair[0].hidden.shape[1], lengths, len(one.rows))
        found.setdefault(key, []).append(index)
    return list(found.values())

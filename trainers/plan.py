"""How long to train, counted as the tutorial and kohya's scripts count: images x repeats x epochs / batch."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Plan:
    """`steps` of training pictures alone, in `epochs` passes of batches of `batch`; regularisation comes on top.

    Repeats of regularisation pictures are half of the training pictures' (`train/10_x` beside `reg/5_x`).
    """

    steps: int
    epochs: int
    batch: int

    def repeats(self, images: int) -> int:
        """How often each of `images` must come in an epoch, at least once."""
        return max(1, round(self.steps * self.batch / (images * self.epochs)))

    def regularisation_repeats(self, images: int) -> int:
        return max(1, self.repeats(images) // 2)

    def steps_of(self, samples: int) -> int:
        """Optimiser steps for `samples` pictures an epoch (repeats counted)."""
        return ceil(samples * self.epochs / self.batch)

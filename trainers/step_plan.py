"""How long to train, counted as the tutorial and kohya's scripts count: images x repeats x epochs / batch."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Plan:
    """`steps` of training pictures alone, in `epochs` passes of batches of `batch`; regularisation comes on top.

    Regularisation pictures repeat `reg_ratio` times as often as training pictures: half as often, as in `train/10_x` beside
    `reg/5_x`, if nothing is said.
    """

    steps: int
    epochs: int
    batch: int
    reg_ratio: float = 0.5

    def repeats(self, images: int) -> int:
        """How often each of `images` must come in an epoch, at least once."""
        return max(1, round(self.steps * self.batch / (images * self.epochs)))

    def regularisation_repeats(self, images: int) -> int:
        return max(1, int(self.repeats(images) * self.reg_ratio + 0.5))

    def steps_of(self, samples: int) -> int:
        """Optimiser steps for `samples` pictures an epoch (repeats counted)."""
        return ceil(samples * self.epochs / self.batch)

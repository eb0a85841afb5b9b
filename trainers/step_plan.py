"""How long to train, counted as kohya's scripts count: images x repeats x epochs / batch."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

ENOUGH: Final = 20
"""Training images from which a LoRA generalises well."""


@dataclass(frozen=True)
class Plan:
    """The length of a training; a training set's repeats follow from it."""

    steps: int
    """Optimiser steps over training images alone; regularisation images add theirs."""
    epochs: int
    """Passes over the set."""
    batch: int
    """Images a step."""
    reg_ratio: float = 0.5
    """Repeats of a regularisation image per repeat of a training image: 0.5 gives `train/10_x` and `reg/5_x`."""

    def repeats(self, images: int) -> int:
        """How often each of `images` training images comes in an epoch, at least once."""
        return max(1, round(self.steps * self.batch / (images * self.epochs)))

    def regularisation_repeats(self, images: int) -> int:
        """How often each regularisation image comes in an epoch, of a set with `images` training images, at least once."""
        return max(1, int(self.repeats(images) * self.reg_ratio + 0.5))

    def steps_of(self, samples: int) -> int:
        """Optimiser steps for `samples` images an epoch, repeats counted."""
        return ceil(samples * self.epochs / self.batch)

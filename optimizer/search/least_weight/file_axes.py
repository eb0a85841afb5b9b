"""Prior of what the files of a LoRA, its epochs, move: a later one shows more at the same weight, and spoils more.

`step_prior` lets every axis beyond the weights count a little either way. Training goes one way: over all its files a LoRA's own
step moves down by up to the most of OWN, what the total spoils by up to the most of SPOILS, and other LoRAs notice little.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from optimizer.search.least_weight.step_prior import EITHER_WAY, StepShapes
from optimizer.search.space import Space

OWN: Final = (-0.15, 1.0)
SPOILS: Final = (-0.25, 2.0)
"""So much that a last file may break the figure at any weight: of one that does, nothing then follows for the file before it."""
OTHERS: Final = (-0.1, 0.1)
"""Least and most that the whole axis of files moves a step, in shares of an axis of weights."""


def with_files(space: Space, constraint: str, shapes: StepShapes) -> StepShapes:
    """The shapes of a constraint's prior, with what each axis of files moves drawn from the ranges above."""
    if not space.files:
        return shapes
    direction = shapes.direction.copy()
    for column, lora in enumerate(space.files, len(space.weights) + bool(space.cfg)):
        low, high = OWN if constraint == lora else SPOILS if constraint not in space.weights else OTHERS
        share = direction[:, column] / EITHER_WAY + 0.5
        direction[:, column] = low + (high - low) * share
    return replace(shapes, direction=direction)

"""Who follows a training: each loss, and the LoRA as it develops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class TrainingCallback(Protocol):
    """Called by `trainers.train.train.train` from its own thread, between steps, in this order:

        on_start, [on_sample at the first step], then for each step: on_step, [on_sample]

    with `wants_sample` before each possible `on_sample`. Nothing is called if the LoRA file is there already. An implementation
    may use random generators and the base, but must leave the base as it found it: a training with a callback gives the same
    file as one without. What it raises ends the training; the last checkpoint stays.
    `trainers.testing.callback_conformance` checks an implementation.
    """

    def on_start(self, fingerprint: str, steps: int, losses: Sequence[float]) -> None:
        """The training `fingerprint` of `steps` steps starts, or resumes after those whose `losses` these are."""

    def on_step(self, step: int, loss: float) -> None:
        """Step `step`, counted from 1, is done with this loss."""

    def wants_sample(self, step: int) -> bool:
        """Whether to call `on_sample` after `step` steps; 0 is before the first."""

    def on_sample(self, step: int) -> None:
        """The base carries the LoRA as it is after `step` steps, at weight 1, and no companion LoRA."""

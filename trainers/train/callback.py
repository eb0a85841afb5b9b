"""Who looks on while a LoRA is trained, and is told what cannot be told afterwards: each loss, and the LoRA as it comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class TrainingCallback(Protocol):
    """Called by the loop, from its thread. A training gives the same file with a watcher and without one."""

    def begun(self, fingerprint: str, steps: int, losses: Sequence[float]) -> None:
        """`fingerprint` names the training of `steps` steps; `losses` are of those that were done before it was killed."""

    def stepped(self, step: int, loss: float) -> None:
        """Step `step`, counted from 1, is done; this was its loss."""

    def looks_at(self, step: int) -> bool:
        """Whether to be shown the model after so many steps; 0 is before the first."""

    def look(self, step: int) -> None:
        """The base carries the LoRA as it is after `step` steps, at weight 1, and none that it is trained beside."""

"""A TrainingCallback that records its calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Event = tuple[str, int]
"""A method and its step; of on_start the number of losses."""


@dataclass
class RecordingCallback:
    """Records every call but `wants_sample`, which is true at each step that `every` divides."""

    every: int = 1
    """Steps between samples."""
    events: list[Event] = field(default_factory=list)
    """The calls, in order."""
    losses: list[float] = field(default_factory=list)
    """The loss of each step, those of an earlier run included."""

    def on_start(self, fingerprint: str, steps: int, losses: Sequence[float]) -> None:
        self.events.append(("on_start", len(losses)))
        self.losses = list(losses)

    def on_step(self, step: int, loss: float) -> None:
        self.events.append(("on_step", step))
        self.losses.append(loss)

    def wants_sample(self, step: int) -> bool:
        return step % self.every == 0

    def on_sample(self, step: int) -> None:
        self.events.append(("on_sample", step))

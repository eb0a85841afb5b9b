"""A callback that records what it is called with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from studies.callback import Advance, SeedCallback, SeedPlan, TrialEvent

if TYPE_CHECKING:
    from studies.run.outcome import Outcome


@dataclass
class RecordingCallback:
    """`calls` holds a name and its arguments, in the order of the calls."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def names(self) -> list[str]:
        return [call[0] for call in self.calls]

    def messages(self) -> list[str]:
        return [call[1] for call in self.calls if call[0] == "message"]

    def message(self, text: str) -> None:
        self.calls.append(("message", text))

    def on_step(self, server: str, step: int, of: int) -> None:
        self.calls.append(("on_step", server, step, of))

    def announce(self, stage: str, images: int, seconds: float) -> None:
        self.calls.append(("announce", stage, images, seconds))

    @contextmanager
    def progress(self, stage: str) -> Iterator[Advance]:
        self.calls.append(("progress", stage))

        def advance(done: int, total: int, note: str = "") -> None:
            self.calls.append(("advance", stage, done, total, note))

        try:
            yield advance
        finally:
            self.calls.append(("progress ended", stage))

    @contextmanager
    def seed(self, plan: SeedPlan) -> Iterator[SeedCallback]:
        self.calls.append(("seed", plan))
        try:
            yield _RecordingSeed(plan.seed, self.calls)
        finally:
            self.calls.append(("seed ended", plan.seed))

    def stop_asked(self) -> bool:
        return False

    def on_pick(self, outcome: Outcome) -> None:
        self.calls.append(("on_pick", outcome))

    def on_end(self, outcomes: Sequence[Outcome]) -> None:
        self.calls.append(("on_end", tuple(outcomes)))


@dataclass
class _RecordingSeed:
    seed: int
    calls: list[tuple[Any, ...]]

    def on_calibration_image(self) -> None:
        self.calls.append(("on_calibration_image", self.seed))

    def on_trial(self, event: TrialEvent) -> None:
        self.calls.append(("on_trial", self.seed, event))

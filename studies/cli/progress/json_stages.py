"""What `prepare` and `train` do, as JSON lines on stdout: `progress`, `step`, `sample`, `done`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from studies.cli.progress.console import ConsoleCallback
from studies.cli.progress.json_events import write_event

if TYPE_CHECKING:
    from studies.callback import Advance

EVERY_S: Final = 0.3
"""Between two lines of what goes on all the time."""


class JsonStages(ConsoleCallback):
    """Lines for people on stderr, as every verb has them, and the steps of a stage on stdout."""

    @contextmanager
    def progress(self, stage: str) -> Iterator[Advance]:
        last = 0.0

        def advance(done: int, total: int, note: str = "") -> None:
            nonlocal last
            if done >= total or time.monotonic() - last >= EVERY_S:
                last = time.monotonic()
                write_event("progress", done=done, of=total)

        yield advance


class QuietStages(ConsoleCallback):
    """Lines for people alone: something else tells how far it is."""

    @contextmanager
    def progress(self, stage: str) -> Iterator[Advance]:
        yield lambda done, total, note="": None


class JsonTraining:
    """A trainers.train.callback.TrainingCallback that tells the steps; samples are told as they are written."""

    def __init__(self) -> None:
        self._steps, self._first, self._began, self._last = 0, 0, 0.0, 0.0

    def on_start(self, fingerprint: str, steps: int, losses: Sequence[float]) -> None:
        self._steps, self._first, self._began = steps, len(losses), time.monotonic()
        self._tell(len(losses), losses[-1] if losses else None)

    def on_step(self, step: int, loss: float) -> None:
        if step == self._steps or time.monotonic() - self._last >= EVERY_S:
            self._tell(step, loss)

    def wants_sample(self, step: int) -> bool:
        return False

    def on_sample(self, step: int) -> None: ...

    def _tell(self, step: int, loss: float | None) -> None:
        self._last = time.monotonic()
        done = step - self._first
        left = (self._last - self._began) / done * (self._steps - step) if done else None
        shown = {"loss": None if loss is None else round(loss, 5), "seconds_left": None if left is None else round(left, 1)}
        write_event("step", step=step, of=self._steps, **shown)


def tell_sample(step: int, file: Path) -> None:
    """One sample image was written after `step` steps."""
    write_event("sample", step=step, file=file.name)

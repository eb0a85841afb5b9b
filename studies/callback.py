"""How the application reports to its caller.

Nothing outside `studies.cli` prints. Functions that draw or train take a callback and call it synchronously, from the thread that
called them but for `on_step`; a callback that raises ends the work, as Ctrl-C does. `SilentCallback` is the default.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from optimizer.search.judged_point import Judged
    from optimizer.search.samplers.base import Forecast
    from studies.run.outcome import Outcome, TrialRecord


@dataclass(frozen=True)
class SeedPlan:
    """What one seed takes."""

    seed: int
    calibration: int
    """Images before the trials; fewer are drawn where an earlier run stored some."""
    budget: int
    """The most trials, robustness images included; those of an earlier run count."""
    seconds_per_image: float
    expected: int | None = None
    """Images of which half of such runs take fewer; None where that was not measured."""
    calibration_stored: int = 0
    trials_stored: int = 0
    """Images of `calibration` and of `budget` that earlier runs drew."""

    @property
    def images(self) -> int:
        """The most."""
        return self.calibration + self.budget

    @property
    def stored(self) -> int:
        return self.calibration_stored + self.trials_stored

    @property
    def left(self) -> int:
        """The most that are still to be drawn."""
        return max(0, self.images - self.stored)

    @property
    def seconds(self) -> float:
        """For those that are left."""
        return self.left * self.seconds_per_image


@dataclass(frozen=True)
class TrialEvent:
    """One finished trial and the best so far. `count` images of at most `budget` are drawn, robustness images included."""

    record: TrialRecord
    best_record: TrialRecord | None
    count: int
    budget: int
    forecast: Forecast | None = None
    """What the next image is expected to bring; None where the sampler tells nothing, or no point is left."""

    @property
    def best(self) -> Judged | None:
        return self.best_record.judged if self.best_record else None


class Advance(Protocol):
    """Called as a stage goes on, with the steps done, their total and a short note."""

    def __call__(self, done: int, total: int, note: str = "") -> None: ...


class Callback(Protocol):
    """Called by everything that takes a while: scouting, grids, look-books, training sets."""

    def message(self, text: str) -> None:
        """One line for a person: a licence, a fact that changes what they should do next. Called at any time."""

    def on_step(self, server: str, step: int, of: int) -> None:
        """Called while a drawing server at this address makes an image, with its sampling steps done and their number: often, and
        from the thread that draws, which need not be the caller's."""

    def announce(self, stage: str, images: int, seconds: float) -> None:
        """Called before the first image of a stage, with the most images that it draws and the seconds that they take."""

    def progress(self, stage: str) -> AbstractContextManager[Advance]:
        """Entered while a stage runs. What it gives is called after every step."""


class SeedCallback(Protocol):
    """Called while one seed is run."""

    def on_calibration_image(self) -> None:
        """Called after each image that comes before the trials, stored ones included."""

    def on_trial(self, event: TrialEvent) -> None:
        """Called after each new trial has been stored."""


class RunCallback(Callback, Protocol):
    """Called by a run, from its first seed to its last."""

    def seed(self, plan: SeedPlan) -> AbstractContextManager[SeedCallback]:
        """Entered while a seed is calibrated and searched. Seeds that run at the same time are all entered before the first trial
        and left together."""

    def stop_asked(self) -> bool:
        """Asked whenever images of a seed were stored: whether a person has seen enough. The searches then end with what they
        have, and no further seed is begun."""

    def on_pick(self, outcome: Outcome) -> None:
        """Called once a seed, after its search has ended and been logged, with or without a pick."""

    def on_end(self, outcomes: Sequence[Outcome]) -> None:
        """Called once, after the last seed."""


class SilentCallback:
    """Reports nothing."""

    def message(self, text: str) -> None: ...

    def on_step(self, server: str, step: int, of: int) -> None: ...

    def announce(self, stage: str, images: int, seconds: float) -> None: ...

    def progress(self, stage: str) -> AbstractContextManager[Advance]:
        return nullcontext(_ignore_step)

    def seed(self, plan: SeedPlan) -> AbstractContextManager[SeedCallback]:
        return nullcontext(_SilentSeed())

    def stop_asked(self) -> bool:
        return False

    def on_pick(self, outcome: Outcome) -> None: ...

    def on_end(self, outcomes: Sequence[Outcome]) -> None: ...


class _SilentSeed:
    def on_calibration_image(self) -> None: ...

    def on_trial(self, event: TrialEvent) -> None: ...


def _ignore_step(done: int, total: int, note: str = "") -> None: ...


def image_counter(advance: Advance, total: int) -> Callable[[], None]:
    """Called without arguments after each image, it counts them up to `total` for `advance`."""
    done = count(1)
    advance(0, total)
    return lambda: advance(next(done), total)

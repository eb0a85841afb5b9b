"""Who is told how a run goes: a person at a terminal, a person who reads lines, or a program."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from studies.cli.progress.console import minutes, say

if TYPE_CHECKING:
    from studies.run.outcome import Outcome
    from studies.run.seed_search import TrialEvent

RECENT: Final = 8


@dataclass(frozen=True)
class Plan:
    """What a seed will take at most: `before` images to calibrate, then `budget` trials, of which some may be done already."""

    seed: int
    before: int
    budget: int
    seconds_per_image: float


@dataclass
class Pace:
    """How many images are left at most, and how long they will take: by the plan at first, then by the last trials."""

    plan: Plan
    clock: Callable[[], float] = time.monotonic
    left: int = 0
    _ends: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT + 1))

    def __post_init__(self) -> None:
        self.left = self.plan.before + self.plan.budget

    def calibrated(self) -> None:
        self.left -= 1

    def trial(self, done: TrialEvent) -> None:
        self.left = max(0, done.budget - done.count)
        self._ends.append(self.clock())

    @property
    def seconds_left(self) -> float:
        each = self.plan.seconds_per_image
        if len(self._ends) > 1:
            each = (self._ends[-1] - self._ends[0]) / (len(self._ends) - 1)
        return self.left * each


class SeedCallback(Protocol):
    """Told while one seed is run."""

    def calibrated(self) -> None:
        """One of the images that come before the trials is there."""

    def trial(self, done: TrialEvent) -> None: ...


class RunCallback(Protocol):
    """Told of a run from its first seed to its last."""

    def seed(self, plan: Plan) -> AbstractContextManager[SeedCallback]:
        """While it lasts, the seed is run."""

    def picked(self, outcome: Outcome) -> None: ...

    def ended(self, outcomes: Sequence[Outcome]) -> None: ...


def plan_line(plan: Plan) -> str:
    most = plan.before + plan.budget
    return (
        f"seed {plan.seed}: calibrate {plan.before} images, then search: at most {most} images, "
        f"about {minutes(most * plan.seconds_per_image)} to draw"
    )


def say_pick(outcome: Outcome) -> None:
    """What a seed came to, in lines."""
    from studies.report.verdict import describe

    for line in describe(outcome):
        say(line)

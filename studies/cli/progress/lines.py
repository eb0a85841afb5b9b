"""A run as plain lines on stderr, for logs and pipes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from studies.cli.progress.callback import Pace, Plan, SeedCallback, plan_line, say_pick
from studies.cli.progress.console import Seldom, minutes, say

if TYPE_CHECKING:
    from studies.run.outcome import Outcome
    from studies.run.seed_search import TrialEvent


@dataclass
class Lines:
    _watched: list[int] = field(default_factory=list)

    @contextmanager
    def seed(self, plan: Plan) -> Iterator[SeedCallback]:
        say(plan_line(plan))
        self._watched.append(plan.seed)
        try:
            yield _Seed(plan, Pace(plan), self._watched)
        finally:
            self._watched.remove(plan.seed)

    def picked(self, outcome: Outcome) -> None:
        say_pick(outcome)

    def ended(self, outcomes: Sequence[Outcome]) -> None:
        """The picks have been told."""


@dataclass
class _Seed:
    plan: Plan
    pace: Pace
    watched: Sequence[int]
    """The seeds that are run at the same time, of which each line then names its own."""
    drawn: int = 0

    def __post_init__(self) -> None:
        self._seldom = Seldom(self.pace.clock())

    def calibrated(self) -> None:
        self.pace.calibrated()
        self.drawn += 1
        if self._seldom.due(self.pace.clock()) or self.drawn == self.plan.before:
            say(f"calibrate: {self.drawn} of {self.plan.before}")

    def trial(self, done: TrialEvent) -> None:
        self.pace.trial(done)
        record = done.record
        best = f"best total {done.best.cost:.2f}" if done.best else "nothing feasible yet"
        outcome = "meets all" if record.judged.feasible else f"breaks {', '.join(record.breaks())}"
        weights = "  ".join(f"{n} {w:.2f}" for n, w in record.judged.point.weights.items())
        left = f"at most {self.pace.left} images left, {minutes(self.pace.seconds_left)}"
        whose = f"seed {self.plan.seed} " if len(self.watched) > 1 else ""
        say(f"  {whose}{record.number:>3} {record.phase:<7} {weights}  {outcome}; {best}; {left}")

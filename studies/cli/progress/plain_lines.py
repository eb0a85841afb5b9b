"""A run as plain lines on stderr, for logs and pipes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from studies.cli.progress.console import ConsoleCallback, RateLimit, duration, print_line
from studies.cli.progress.estimate import Estimate

if TYPE_CHECKING:
    from studies.callback import SeedCallback, SeedPlan, TrialEvent
    from studies.run.outcome import Outcome


@dataclass
class PlainLines(ConsoleCallback):
    _running: list[int] = field(default_factory=list)

    @contextmanager
    def seed(self, plan: SeedPlan) -> Iterator[SeedCallback]:
        print_line(plan_line(plan))
        self._running.append(plan.seed)
        try:
            yield _Seed(plan, Estimate(plan), self._running)
        finally:
            self._running.remove(plan.seed)

    def on_pick(self, outcome: Outcome) -> None:
        print_outcome(outcome)

    def on_end(self, outcomes: Sequence[Outcome]) -> None:
        """The picks are printed already."""


@dataclass
class _Seed:
    plan: SeedPlan
    estimate: Estimate
    running: Sequence[int]
    """The seeds that run at the same time; each line then names its own."""
    calibrated: int = 0

    def __post_init__(self) -> None:
        self._limit = RateLimit(self.estimate.clock())

    def on_calibration_image(self) -> None:
        self.estimate.on_calibration_image()
        self.calibrated += 1
        if self._limit.due(self.estimate.clock()) or self.calibrated == self.plan.calibration:
            print_line(f"calibrate: {self.calibrated} of {self.plan.calibration}")

    def on_trial(self, event: TrialEvent) -> None:
        self.estimate.on_trial(event)
        record = event.record
        best = "nothing feasible yet"
        if event.best_record is not None:
            best = f"best total {event.best_record.judged.cost:.2f} ({event.best_record.verdict.word})"
        outcome = record.verdict.word if record.verdict.meets else f"breaks {', '.join(record.breaks())}"
        weights = "  ".join(f"{n} {w:.2f}" for n, w in record.judged.point.weights.items())
        left = f"at most {self.estimate.images_left} images left, {duration(self.estimate.seconds_left)}"
        prefix = f"seed {self.plan.seed} " if len(self.running) > 1 else ""
        print_line(f"  {prefix}{record.number:>3} {record.phase:<7} {weights}  {outcome}; {best}; {left}")


def plan_line(plan: SeedPlan) -> str:
    if plan.stored:
        return f"seed {plan.seed}: {plan.stored} images are there; at most {plan.left} more, about {duration(plan.seconds)}"
    begin, most = f"seed {plan.seed}: calibrate {plan.calibration} images, then search", f"at most {plan.images}"
    if plan.expected is None:
        return f"{begin}: {most} images, about {duration(plan.seconds)} to draw"
    expected = f"about {plan.expected} images in all, {duration(plan.expected * plan.seconds_per_image)} to draw"
    return f"{begin}: {expected}; {most} images, {duration(plan.seconds)}"


def print_outcome(outcome: Outcome) -> None:
    from studies.report.verdict import describe

    for line in describe(outcome):
        print_line(line)

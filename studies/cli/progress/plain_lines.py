"""A run as plain lines on stderr, for logs and pipes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.counted import percent
from models.language.translate import said, translated
from models.language.width import padded
from studies.cli.progress.console import ConsoleCallback, RateLimit, duration, print_line
from studies.cli.progress.estimate import Estimate

if TYPE_CHECKING:
    from optimizer.search.samplers.base import Forecast
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
            print_line(said("calibrate: {done} of {total}", done=self.calibrated, total=self.plan.calibration))

    def on_trial(self, event: TrialEvent) -> None:
        self.estimate.on_trial(event)
        record = event.record
        best = said("nothing feasible yet")
        if event.best_record is not None:
            verdict = translated(event.best_record.verdict.word)
            best = said("best total {total:.2f} ({verdict})", total=event.best_record.judged.cost, verdict=verdict)
        outcome = translated(record.verdict.word)
        if not record.verdict.meets:
            outcome = said("breaks {what}", what=", ".join(record.breaks()))
        weights = record.weights_line()
        time = duration(self.estimate.seconds_left)
        left = said("at most {images} images left, {time}", images=self.estimate.images_left, time=time)
        prefix = said("seed {seed}", seed=self.plan.seed) + " " if len(self.running) > 1 else ""
        forecast = [forecast_words(event.forecast)] if event.forecast is not None else []
        told = said("; ").join((outcome, best, *forecast, left))
        print_line(f"  {prefix}{record.number:>3} {padded(said(record.phase), 7)} {weights}  {told}")


def forecast_words(forecast: Forecast) -> str:
    """What the next image is expected to bring."""
    chance = percent(forecast.feasible)
    if forecast.saving is None:
        return said("the next image is feasible with {chance}", chance=chance)
    return said(
        "the next image is feasible with {chance}, and one saves {saving:.2f} in expectation",
        chance=chance,
        saving=forecast.saving,
    )


def plan_line(plan: SeedPlan) -> str:
    seed, left, time = plan.seed, plan.left, duration(plan.seconds)
    if plan.stored:
        there = plan.stored
        return said(
            "seed {seed}: {there} images are there; at most {left} more, about {time}",
            seed=seed,
            there=there,
            left=left,
            time=time,
        )
    begin = said("seed {seed}: calibrate {images} images, then search", seed=seed, images=plan.calibration)
    if plan.expected is None:
        return said(
            "{begin}: at most {most} images, about {time} to draw, scoring not counted", begin=begin, most=plan.images, time=time
        )
    return said(
        "{begin}: about {expected} images in all, {soon} to draw; at most {most} images, {time}, scoring not counted",
        begin=begin,
        expected=plan.expected,
        soon=duration(plan.expected * plan.seconds_per_image),
        most=plan.images,
        time=time,
    )


def print_outcome(outcome: Outcome) -> None:
    from studies.report.verdict import describe

    for line in describe(outcome):
        print_line(line)

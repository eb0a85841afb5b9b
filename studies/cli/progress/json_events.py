"""A run as JSON lines on stdout: one event a line, told apart by `event`. docs/tracking.md lists their keys."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studies.cli.progress.callback import Pace, Plan, SeedCallback

if TYPE_CHECKING:
    from studies.run.outcome import Outcome
    from studies.run.seed_search import TrialEvent


class Events:
    @contextmanager
    def seed(self, plan: Plan) -> Iterator[SeedCallback]:
        images = plan.before + plan.budget
        _tell("plan", seed=plan.seed, images=images, seconds=round(images * plan.seconds_per_image, 1))
        yield _Seed(plan, Pace(plan))

    def picked(self, outcome: Outcome) -> None:
        _tell("pick", **outcome.as_json())

    def ended(self, outcomes: Sequence[Outcome]) -> None:
        picked = [outcome.seed for outcome in outcomes if outcome.pick is not None]
        _tell("done", seeds=[outcome.seed for outcome in outcomes], picked=picked)


@dataclass
class _Seed:
    plan: Plan
    pace: Pace
    drawn: int = 0

    def calibrated(self) -> None:
        self.pace.calibrated()
        self.drawn += 1
        _tell("calibration", seed=self.plan.seed, done=self.drawn, of=self.plan.before)

    def trial(self, done: TrialEvent) -> None:
        self.pace.trial(done)
        _tell(
            "trial",
            seed=self.plan.seed,
            phase=done.record.phase,
            **done.record.as_json(),
            best=None if done.best is None else round(done.best.cost, 4),
            images_left=self.pace.left,
            seconds_left=round(self.pace.seconds_left, 1),
        )


def _tell(event: str, **told: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **told}, ensure_ascii=False) + "\n")
    sys.stdout.flush()

"""A run as JSON lines on stdout: one event a line, distinguished by `event`. docs/tracking.md lists their keys."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from studies.cli.progress.console import ConsoleCallback
from studies.cli.progress.estimate import Estimate

if TYPE_CHECKING:
    from optimizer.search.samplers.base import Forecast
    from studies.callback import SeedCallback, SeedPlan, TrialEvent
    from studies.run.outcome import Outcome

WRITING: Final = Lock()


class JsonEvents(ConsoleCallback):
    def on_step(self, server: str, step: int, of: int) -> None:
        write_event("step", server=server, step=step, of=of)

    @contextmanager
    def seed(self, plan: SeedPlan) -> Iterator[SeedCallback]:
        write_event(
            "plan",
            seed=plan.seed,
            images=plan.images,
            stored=plan.stored,
            expected=plan.expected,
            seconds=round(plan.seconds, 1),
        )
        yield _Seed(plan, Estimate(plan))

    def on_pick(self, outcome: Outcome) -> None:
        write_event("pick", **outcome.as_json())

    def on_end(self, outcomes: Sequence[Outcome]) -> None:
        picked = [outcome.seed for outcome in outcomes if outcome.pick is not None]
        write_event("done", seeds=[outcome.seed for outcome in outcomes], picked=picked)


@dataclass
class _Seed:
    plan: SeedPlan
    estimate: Estimate
    calibrated: int = 0

    def on_calibration_image(self) -> None:
        self.estimate.on_calibration_image()
        self.calibrated += 1
        write_event("calibration", seed=self.plan.seed, done=self.calibrated, of=self.plan.calibration)

    def on_trial(self, event: TrialEvent) -> None:
        self.estimate.on_trial(event)
        write_event(
            "trial",
            seed=self.plan.seed,
            phase=event.record.phase,
            **event.record.as_json(),
            **_forecast(event.forecast),
            best=None if event.best is None else round(event.best.cost, 4),
            images_left=self.estimate.images_left,
            seconds_left=round(self.estimate.seconds_left, 1),
        )


def _forecast(forecast: Forecast | None) -> dict[str, float | None]:
    """What the next image is expected to bring."""
    if forecast is None:
        return {"next_feasible": None, "next_saving": None}
    saving = forecast.saving
    return {"next_feasible": round(forecast.feasible, 4), "next_saving": None if saving is None else round(saving, 4)}


def write_event(event: str, **fields: Any) -> None:
    """One line on stdout, whole, from any thread."""
    # Servers report their steps from threads of their own.
    with WRITING:
        sys.stdout.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")
        sys.stdout.flush()

"""A run as one view on a terminal that changes as it goes: what was just drawn beside the best so far, and what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from studies.cli.progress.callback import Pace, Plan, SeedCallback, plan_line, say_pick
from studies.cli.progress.console import console, minutes, say

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live as RichLive
    from rich.table import Table

    from studies.run.outcome import Outcome, TrialRecord
    from studies.run.seed_search import TrialEvent


@dataclass
class Live:
    _watched: list[_Seed] = field(default_factory=list)
    _view: RichLive | None = None

    @contextmanager
    def seed(self, plan: Plan) -> Iterator[SeedCallback]:
        say(plan_line(plan))
        told = _Seed(plan, Pace(plan), self._show)
        self._watched.append(told)
        try:
            with self._opened():
                self._show()
                yield told
        finally:
            self._watched.remove(told)

    @contextmanager
    def _opened(self) -> Iterator[None]:
        """One view of all seeds that are run at the same time; the first of them opens and closes it."""
        from rich.live import Live as RichLive

        if self._view is not None:
            yield
            return
        # Kept on one console: lines that others print meanwhile go above the view.
        with RichLive(console=console(), transient=True, refresh_per_second=4) as self._view:
            try:
                yield
            finally:
                self._view = None

    def _show(self) -> None:
        from rich.console import Group

        if self._view is not None:
            self._view.update(Group(*(seed.picture() for seed in self._watched)), refresh=True)

    def picked(self, outcome: Outcome) -> None:
        say_pick(outcome)

    def ended(self, outcomes: Sequence[Outcome]) -> None:
        """The picks have been told."""


@dataclass
class _Seed:
    plan: Plan
    pace: Pace
    show: Callable[[], None]
    drawn: int = 0
    done: TrialEvent | None = None

    def calibrated(self) -> None:
        self.drawn += 1
        self.pace.calibrated()
        self.show()

    def trial(self, done: TrialEvent) -> None:
        self.done = done
        self.pace.trial(done)
        self.show()

    def picture(self) -> RenderableType:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        most = self.plan.before + self.plan.budget
        what = f"calibrate {self.drawn} of {self.plan.before}"
        if (done := self.done) is not None:
            what = f"trial {done.record.number}, {done.count} of at most {done.budget} ({done.record.phase})"
        head = Table.grid(padding=(0, 2))
        left = f"at most {self.pace.left} images left, about {minutes(self.pace.seconds_left)}"
        head.add_row(Text(f"seed {self.plan.seed}", style="bold"), what, ProgressBar(most, most - self.pace.left, width=24), left)
        return Group(head, *([scores_table(done.record, done.best_record)] if done else []))


def scores_table(now: TrialRecord, best: TrialRecord | None) -> Table:
    """A row a weight and a requirement: the trial that was just drawn, and the best so far."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2), pad_edge=False, header_style="dim")
    table.add_column("")
    table.add_column(f"trial {now.number}", justify="right")
    table.add_column("none feasible yet" if best is None else f"best: trial {best.number}", justify="right")
    sides = [now, *([best] if best else [])]
    for name in now.judged.point.weights:
        table.add_row(f"weight {name}", *(f"{side.judged.point.weights[name]:.2f}" for side in sides))
    table.add_row("total", *(f"{side.judged.cost:.2f}" for side in sides), style="bold")
    for name in shown_scores(now):
        table.add_row(name, *(Text(shown_scores(side)[name], style=_style(side, name)) for side in sides))
    return table


def shown_scores(record: TrialRecord) -> Mapping[str, str]:
    """By requirement what the image scores, in words."""
    held = {**record.scores.expression, "hands": record.scores.hands, "drift": record.scores.drift}
    told = {name: "not measurable" if value is None else f"{value:.2f}" for name, value in held.items()}
    return {**told, "body": ", ".join(record.scores.body) or "sound"}


def _style(record: TrialRecord, name: str) -> str:
    if name not in record.judged.violations:
        return ""
    return "red" if name in record.breaks() else "green"

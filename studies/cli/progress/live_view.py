"""A run as one view on a terminal that changes as it goes: the last trial, the best so far, and what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from models.language.translate import joined, said, translated
from optimizer.search.verdict import own_image
from studies.cli.progress.console import ConsoleCallback, console, duration, print_line
from studies.cli.progress.estimate import Estimate
from studies.cli.progress.plain_lines import forecast_words, plan_line, print_outcome
from studies.cli.progress.stop_key import HINT
from studies.cli.progress.terminal_picture import blocks, can_show, print_large

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live as RichLive
    from rich.table import Table
    from rich.text import Text

    from studies.callback import SeedCallback, SeedPlan, TrialEvent
    from studies.run.outcome import Outcome, TrialRecord


PICTURE_ROWS: Final = 18
FEWEST_ROWS: Final = 8
OTHER_ROWS: Final = 6
FEWEST_COLUMNS: Final = 110
"""Of pictures next to the scores: their height, from which they are recognised, what else stands in the view, and its width."""


@dataclass
class LiveView(ConsoleCallback):
    _running: list[_Seed] = field(default_factory=list)
    _view: RichLive | None = None
    blurred: bool = True
    """Whether pictures with little clothing are shown as a blur."""
    _steps: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of the image in hand, by the address of the server that draws it."""

    def on_step(self, server: str, step: int, of: int) -> None:
        super().on_step(server, step, of)
        self._steps[server] = step, of
        self._refresh()

    @contextmanager
    def seed(self, plan: SeedPlan) -> Iterator[SeedCallback]:
        print_line(plan_line(plan))
        seed = _Seed(plan, Estimate(plan), self._refresh, self.blurred)
        self._running.append(seed)
        try:
            with self._open():
                self._refresh()
                yield seed
        finally:
            self._running.remove(seed)

    @contextmanager
    def _open(self) -> Iterator[None]:
        """One view of all seeds that run at the same time; the first of them opens and closes it."""
        from rich.live import Live as RichLive

        if self._view is not None:
            yield
            return
        # One console for all: lines that others print meanwhile appear above the view.
        with RichLive(console=console(), transient=True, refresh_per_second=4) as self._view:
            try:
                yield
            finally:
                self._view = None
                self._steps.clear()

    def _refresh(self) -> None:
        from rich.console import Group
        from rich.text import Text

        view, servers = self._view, [server_line(name, *steps) for name, steps in sorted(dict(self._steps).items())]
        if view is not None:
            hint = [Text(said(HINT), style="dim")] if self.stop_key is not None else []
            running = list(self._running)
            rows = _picture_rows(console()) if len(running) == 1 else 0
            view.update(Group(*(seed.view(rows) for seed in running), *servers, *hint), refresh=True)

    def on_pick(self, outcome: Outcome) -> None:
        if (shown := outcome.shown) is not None:
            print_large(console(), shown.image, hidden=shown.bare and self.blurred)
        print_outcome(outcome)

    def on_end(self, outcomes: Sequence[Outcome]) -> None:
        """The picks are printed already."""


@dataclass
class _Seed:
    plan: SeedPlan
    estimate: Estimate
    refresh: Callable[[], None]
    blurred: bool = True
    calibrated: int = 0
    last: TrialEvent | None = None
    _pictures: dict[tuple[int, int], Text] = field(default_factory=dict)
    """By the trial's number and their height."""

    def on_calibration_image(self) -> None:
        self.calibrated += 1
        self.estimate.on_calibration_image()
        self.refresh()

    def on_trial(self, event: TrialEvent) -> None:
        self.last = event
        self.estimate.on_trial(event)
        self.refresh()

    def view(self, rows: int = 0) -> RenderableType:
        """With pictures of `rows` lines next to the scores, unless that is 0."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        images, left = self.plan.images, self.estimate.images_left
        stage = said("calibrate {done} of {total}", done=self.calibrated, total=self.plan.calibration)
        if (last := self.last) is not None:
            number, phase = last.record.number, said(last.record.phase)
            most = last.budget
            stage = said(
                "trial {number}, {count} of at most {most} ({phase})", number=number, count=last.count, most=most, phase=phase
            )
        head = Table.grid(padding=(0, 2))
        rest = said("at most {images} images left, about {time}", images=left, time=duration(self.estimate.seconds_left))
        head.add_row(
            Text(said("seed {seed}", seed=self.plan.seed), style="bold"),
            stage,
            ProgressBar(images, images - left, width=24),
            rest,
        )
        if last is None:
            return head
        table = scores_table(last.record, last.best_record)
        if last.forecast is not None:
            head.add_row("", forecast_words(last.forecast))
        return Group(head, table if rows == 0 else self._with_pictures(last, table, rows))

    def _with_pictures(self, last: TrialEvent, table: Table, rows: int) -> RenderableType:
        """The last trial and the best so far."""
        from rich.table import Table as RichTable

        shown = [last.record, *([last.best_record] if last.best_record not in (None, last.record) else [])]
        beside = RichTable.grid(padding=(0, 2))
        beside.add_row(table, *(self._picture(record, rows) for record in shown if record is not None))
        return beside

    def _picture(self, record: TrialRecord, rows: int) -> Text:
        if (record.number, rows) not in self._pictures:
            self._pictures[record.number, rows] = blocks(record.image, rows, hidden=record.bare and self.blurred)
        return self._pictures[record.number, rows]


def _picture_rows(screen: Console) -> int:
    """How high pictures next to the scores may be; 0 where there is no room, or nothing to show them with."""
    room = screen.height - OTHER_ROWS
    return min(PICTURE_ROWS, room) if room >= FEWEST_ROWS and screen.width >= FEWEST_COLUMNS and can_show(screen) else 0


def server_line(server: str, step: int, of: int) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    line = Table.grid(padding=(0, 2))
    line.add_row(
        Text(server.partition("://")[2], style="dim"),
        said("step {step} of {of}", step=step, of=of),
        ProgressBar(of, step, width=24),
    )
    return line


def scores_table(now: TrialRecord, best: TrialRecord | None) -> Table:
    """A row for each weight and requirement, a column for the last trial and one for the best so far."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2), pad_edge=False, header_style="dim")
    table.add_column("")
    table.add_column(said("trial {number}", number=now.number), justify="right")
    bests = said("nothing feasible yet") if best is None else said("best: trial {number}", number=best.number)
    table.add_column(bests, justify="right")
    sides = [now, *([best] if best else [])]
    table.add_row(said("verdict"), *(Text(translated(side.verdict.word), style=side.verdict.colour) for side in sides))
    for name in now.judged.point.weights:
        table.add_row(said("weight {name}", name=name), *(f"{side.judged.point.weights[name]:.2f}" for side in sides))
    for name in now.files:
        table.add_row(said("file of {name}", name=name), *(side.files[name] for side in sides))
    table.add_row(said("total"), *(f"{side.judged.cost:.2f}" for side in sides), style="bold")
    for name in shown_scores(now):
        table.add_row(name, *(Text(shown_scores(side)[name], style=_style(side, name)) for side in sides))
    return table


def shown_scores(record: TrialRecord) -> Mapping[str, str]:
    """The scores of an image as text, by requirement."""
    values = {**record.scores.expression, **record.scores.graded}
    texts = {name: said("not measurable") if value is None else f"{value:.2f}" for name, value in values.items()}
    return {
        **texts,
        **{name: translated(joined(", ", faults)) or said("sound") for name, faults in record.scores.counted.items()},
    }


def _style(record: TrialRecord, name: str) -> str:
    own = own_image(record.judged).violations
    if name not in own:
        return ""
    return "green" if own[name] <= 0 else "red"

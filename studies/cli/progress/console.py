"""Lines and progress bars for people on stderr; results go to stdout."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from models.counted import counted
from models.language.translate import said, translated
from studies.cli.progress.stop_key import StopKey
from studies.cli.progress.terminal_picture import ask_terminal

if TYPE_CHECKING:
    from rich.console import Console

    from studies.callback import Advance

LINE_INTERVAL_S: Final = 30.0
"""Between two plain lines of a stage that goes on."""


def console() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_line(text: str) -> None:
    console().print(translated(text), markup=False)


def duration(seconds: float) -> str:
    if seconds < 90:
        return said("{seconds:.0f} s", seconds=seconds)
    return said("{minutes:.1f} min", minutes=seconds / 60)


class ConsoleCallback:
    """The callback of all verbs but `run`: lines and progress bars."""

    _bar: Bar | None = None
    stop_key: StopKey | None = None
    """Of a run that a person watches."""

    def stop_asked(self) -> bool:
        return self.stop_key is not None and self.stop_key.pressed

    @contextmanager
    def watching(self) -> Iterator[None]:
        """The stop key works while the block lasts, where there are keys."""
        ask_terminal(console())
        key = StopKey()
        with key.listening(
            lambda: print_line(said("good enough: it ends after the images in hand; a seed is calibrated first"))
        ) as can:
            self.stop_key = key if can else None
            yield

    def message(self, text: str) -> None:
        print_line(text)

    def on_step(self, server: str, step: int, of: int) -> None:
        """Stands next to the bar of the stage that runs, if any."""
        if self._bar is not None:
            self._bar.show(said("step {step} of {of}", step=step, of=of))

    def announce(self, stage: str, images: int, seconds: float) -> None:
        most = translated(counted(images, "image"))
        words = "{stage}: at most {images}, about {time} to draw, scoring not counted"
        print_line(said(words, stage=translated(stage), images=most, time=duration(seconds)))

    @contextmanager
    def progress(self, stage: str) -> Iterator[Advance]:
        with progress_bar(translated(stage)) as self._bar:
            try:
                yield self._bar
            finally:
                self._bar = None


@dataclass
class RateLimit:
    """Lets a plain line through at most once in `LINE_INTERVAL_S`. `last` is the clock's value at the last line, in seconds."""

    last: float

    def due(self, now: float) -> bool:
        if now - self.last < LINE_INTERVAL_S:
            return False
        self.last = now
        return True


def plain_line(title: str, done: int, total: int, note: str, elapsed: float, before: int = 0) -> str:
    """The state of a stage that took `elapsed` seconds for what is done besides `before`."""
    left = said("about {time} left", time=duration(elapsed / (done - before) * (total - done))) if done > before else ""
    begun = said("{title}: {done} of {total}", title=title, done=done, total=total)
    return said(", ").join(part for part in (begun, note, left) if part)


@dataclass
class Bar:
    """An `Advance` that shows a bar; where the output is no terminal, a plain line twice a minute."""

    title: str
    clock: Callable[[], float]
    update: Callable[..., None]
    """Rich's, of this bar."""
    terminal: bool
    counts: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        self._began, self._before = self.clock(), 0
        self._limit = RateLimit(self._began)

    def __call__(self, done: int, total: int, note: str = "") -> None:
        now = self.clock()
        if done <= self.counts[0]:
            # What comes before the first step, such as encoding, is no measure of the steps that follow.
            self._began, self._before = now, done
        self.counts = done, total
        self.update(completed=done, total=total, note=note)
        if not self.terminal and done < total and self._limit.due(now):
            print_line(plain_line(self.title, done, total, note, now - self._began, self._before))

    def show(self, note: str) -> None:
        """A note between two steps of the stage."""
        self.update(note=note)


@contextmanager
def progress_bar(title: str, clock: Callable[[], float] = time.monotonic) -> Iterator[Bar]:
    """A bar with the time left. Where the output is no terminal, a plain line is printed twice a minute and at the end."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    shown = console()
    columns = (
        TextColumn("{task.description:<24}"), BarColumn(28), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn(said("left")), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    with Progress(*columns, console=shown, disable=not shown.is_terminal) as progress:
        task = progress.add_task(title, total=None, note="")
        bar = Bar(title, clock, partial(progress.update, task), shown.is_terminal)
        yield bar
    if not shown.is_terminal:
        print_line(said("{title}: {done} of {total}", title=title, done=bar.counts[0], total=bar.counts[1]))

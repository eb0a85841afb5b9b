"""How the command line speaks: lines and progress bars for people on stderr, results on stdout."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

Advance = Callable[[int, str], None]
"""Called with how many are done and a short note."""

PLAIN_S: Final = 30.0
"""Between two plain lines of a stage that goes on."""


@dataclass
class Seldom:
    """Says when a plain line is due, by the seconds of a clock that last showed `told`."""

    told: float

    def due(self, now: float) -> bool:
        """True at most once in `PLAIN_S`."""
        if now - self.told < PLAIN_S:
            return False
        self.told = now
        return True


QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TOKENIZERS_PARALLELISM": "false",
}


def be_quiet() -> None:
    """No telemetry from any library, no bars but our own; what the user set stays."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def console() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    console().print(text, markup=False)


def minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"


def plain_line(title: str, done: int, total: int, note: str, took: float) -> str:
    """Where a stage is that has taken `took` seconds so far."""
    left = f"about {minutes(took / done * (total - done))} left" if done else ""
    return ", ".join(part for part in (f"{title}: {done} of {total}", note, left) if part)


@contextmanager
def bar(title: str, total: int) -> Iterator[Advance]:
    """A progress bar with time left over a known number of images."""
    with steps_bar(title) as advance:
        yield lambda done, note: advance(done, total, note)


@contextmanager
def steps_bar(title: str, clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar with time left; call what it yields with the count done, the total and a short note.

    Where the output is no terminal, a plain line is printed twice a minute and at the end.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    shown = console()
    columns = (
        TextColumn("{task.description:<24}"), BarColumn(28), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    counts, began = (0, 0), clock()
    seldom = Seldom(began)
    with Progress(*columns, console=shown, disable=not shown.is_terminal) as progress:
        task = progress.add_task(title, total=None, note="")

        def advance(done: int, total: int, note: str) -> None:
            nonlocal counts
            counts, now = (done, total), clock()
            progress.update(task, completed=done, total=total, note=note)
            if not shown.is_terminal and done < total and seldom.due(now):
                say(plain_line(title, done, total, note, now - began))

        yield advance
    if not shown.is_terminal:
        say(f"{title}: {counts[0]} of {counts[1]}")

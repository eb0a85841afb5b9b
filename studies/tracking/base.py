"""What is logged while a study runs, and the seam behind which it is kept.

The runner owns the truth (its own storage); a tracker is for looking at it. So no method waits for a server, none raises because
a server is away, and logging the same thing twice keeps one copy: a runner that resumes may simply log everything again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from studies.tracking.events import Input, Scalar, TrainingRecord
from studies.tracking.outbox import Missing
from studies.tracking.pictures import Picture


class Tracker(Protocol):
    """Called by the study runner, from one thread. `seed=None` means the study itself, as for a scouting sheet."""

    def start_seed(self, seed: int, params: Mapping[str, Scalar], tags: Mapping[str, str], inputs: Sequence[Input] = ()) -> None:
        """Opens the one run of a locked seed, or opens it again; a parameter that changed since becomes a tag. `inputs` are told
        with it, and those whose training was logged to the same server lead to it."""

    def log_trial(
        self,
        seed: int,
        number: int,
        params: Mapping[str, Scalar],
        metrics: Mapping[str, float | None],
        image: Picture | None,
        tags: Mapping[str, str],
    ) -> None:
        """Logs one finished trial as a child run of its seed; a number logged already stays as it is, None is left out."""

    def log_picture(self, seed: int | None, name: str, image: Picture) -> None:
        """Keeps a picture as `name` (a relative path ending in .png) with the seed."""

    def log_text(self, seed: int | None, name: str, text: str) -> None:
        """Keeps a text file as `name` with the seed."""

    def log_file(self, seed: int | None, path: Path) -> None:
        """Keeps a copy of a file under its own name with the seed."""

    def finish(self, seed: int, metrics: Mapping[str, float | None], tags: Mapping[str, str]) -> None:
        """Closes the run of a seed with what was found."""

    def log_training(self, training: TrainingRecord) -> None:
        """Steps that are logged already stay as they are, and so does all of a training that is `finished`."""

    def close(self, wait_s: float = 60.0) -> Missing:
        """Writes what is waiting, for at most `wait_s` seconds, and says what could not be written."""

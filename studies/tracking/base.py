"""The `Tracker` protocol: what is logged while a study runs or a LoRA is trained.

The study's own storage is the truth; a tracker shows it to people. To add one, implement `Tracker`, run
`studies.testing.tracker_suite.TrackerSuite` on it, and register an opener by URI scheme in `studies.tracking.registry`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from studies.tracking.events import Input, Scalar, TrainingRecord
from studies.tracking.outbox import Missing
from studies.tracking.pictures import Picture


class Tracker(Protocol):
    """Called by the study runner and by trainings, from one thread, in the order of the methods below.

    - No method waits for a server: 20 ms an image is the budget of all calls together.
    - No method raises because a server cannot be reached: `close` reports what could not be logged.
    - Logging is idempotent: a resumed runner logs everything again, and one copy is kept.

    `seed=None` stands for the study itself, as for a scouting sheet.
    """

    def start_seed(self, seed: int, params: Mapping[str, Scalar], tags: Mapping[str, str], inputs: Sequence[Input] = ()) -> None:
        """Opens the one run of a locked seed, or opens it again. A parameter that has changed since becomes a tag.

        The tag `studies.tracking.events.RUN`, if it is given, tells which trials the run shows: with another value it is another
        run, since the trials of the first one were deleted.

        `inputs` are linked to the run, and the training run that made one of them, if it was logged to the same server, is too.
        """

    def log_trial(
        self,
        seed: int,
        number: int,
        params: Mapping[str, Scalar],
        metrics: Mapping[str, float | None],
        image: Picture | None,
        tags: Mapping[str, str],
    ) -> None:
        """Logs one finished trial as a child run of its seed. A number that was logged with the same parameters stays as it is
        but for its tags, which may change as more is drawn; with others it was another trial, which is set aside. Metrics of None
        are left out."""

    def log_picture(self, seed: int | None, name: str, image: Picture) -> None:
        """Stores a picture with the seed. `name` is a relative path that ends in .png."""

    def log_text(self, seed: int | None, name: str, text: str) -> None:
        """Stores a text file with the seed. `name` is a relative path."""

    def log_file(self, seed: int | None, path: Path) -> None:
        """Stores a copy of a file with the seed, under the file's own name."""

    def finish(self, seed: int, metrics: Mapping[str, float | None], tags: Mapping[str, str]) -> None:
        """Closes the run of a seed with the metrics of its pick."""

    def interrupt(self, seed: int) -> None:
        """Closes the run of a seed whose search was interrupted, if it was started and did not finish; `start_seed` opens it
        again."""

    def log_training(self, training: TrainingRecord) -> None:
        """Appends to the run of a training. Steps that were logged stay as they are, and so does all of a training that is
        `finished`."""

    def close(self, wait_s: float = 60.0) -> Missing:
        """Writes what is queued, for at most `wait_s` seconds, and returns what could not be written. Called once or again."""

"""A tracker that writes to MLflow: an experiment a study, a parent run a locked seed, a child run a trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.io.sqlite_url import sqlite_url
from studies.tracking.events import (
    ArtifactAdded,
    Event,
    Input,
    Scalar,
    SeedFinished,
    SeedInterrupted,
    SeedStarted,
    TrainingRecord,
    TrialFinished,
)
from studies.tracking.mlflow.writer_process import Destination, WriterProcess
from studies.tracking.outbox import Missing, Outbox
from studies.tracking.pictures import Picture

if TYPE_CHECKING:
    from studies.tracking.mlflow.writer import Writer


def local_store(folder: Path) -> tuple[str, Path]:
    """The tracking URI and the artifact folder of a store in `folder`: SQLite, as a study uses when it names no server."""
    return sqlite_url(folder / "mlflow.db"), folder.resolve() / "mlflow-artifacts"


class MlflowTracker:
    """Writes from its own thread, by default through a process that it starts, where MLflow is imported.

    A server that cannot be reached is tried again while the study runs, and once more in `close`.
    """

    def __init__(
        self,
        uri: str,
        experiment: str,
        artifacts: Path | None = None,
        capacity: int = 512,
        owner: str = "",
        *,
        separate_process: bool = True,
    ) -> None:
        """`artifacts` is the artifact folder of a local experiment, where it lies now; None leaves it to the server. At most
        `capacity` events are queued. Runs of another `owner` are left alone; an empty one owns all runs of the experiment."""
        destination = Destination(uri, experiment, artifacts, owner)
        self._destination = destination
        self._process = WriterProcess(destination) if separate_process else None
        self._writer: Writer | None = None
        self._outbox = Outbox(self._write, capacity)

    def start_seed(self, seed: int, params: Mapping[str, Scalar], tags: Mapping[str, str], inputs: Sequence[Input] = ()) -> None:
        self._outbox.put(SeedStarted(seed, dict(params), dict(tags), tuple(inputs)))

    def log_trial(
        self,
        seed: int,
        number: int,
        params: Mapping[str, Scalar],
        metrics: Mapping[str, float | None],
        image: Picture | None,
        tags: Mapping[str, str],
    ) -> None:
        self._outbox.put(TrialFinished(seed, number, dict(params), dict(metrics), image, dict(tags)))

    def log_picture(self, seed: int | None, name: str, image: Picture) -> None:
        self._outbox.put(ArtifactAdded(seed, name, image))

    def log_text(self, seed: int | None, name: str, text: str) -> None:
        self._outbox.put(ArtifactAdded(seed, name, text))

    def log_file(self, seed: int | None, path: Path) -> None:
        self._outbox.put(ArtifactAdded(seed, path.name, path))

    def finish(self, seed: int, metrics: Mapping[str, float | None], tags: Mapping[str, str]) -> None:
        self._outbox.put(SeedFinished(seed, dict(metrics), dict(tags)))

    def interrupt(self, seed: int) -> None:
        self._outbox.put(SeedInterrupted(seed))

    def log_training(self, training: TrainingRecord) -> None:
        self._outbox.put(training)

    def close(self, wait_s: float = 60.0) -> Missing:
        missing = self._outbox.close(wait_s)
        if self._process is not None:
            self._process.close()
        return missing

    def _write(self, event: Event) -> None:
        from studies.tracking.mlflow.writer import Writer

        if self._process is not None:
            self._process.write(event)
            return
        if self._writer is None:
            self._writer = Writer(*self._destination)
        self._writer.write(event)

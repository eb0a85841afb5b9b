"""A tracker that writes to MLflow: an experiment a study, a parent run a locked seed, a child run a trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from studies.tracking.events import Attached, Event, Input, Scalar, SeedFinished, SeedStarted, TrainingRecord, TrialEvent
from studies.tracking.mlflow.process import Courier, Place
from studies.tracking.outbox import Missing, Outbox
from studies.tracking.pictures import Picture

if TYPE_CHECKING:
    from studies.tracking.mlflow.writer import Writer


def local_store(workspace: Path) -> tuple[str, Path]:
    """The tracking URL and the artifact folder that a study uses when it names none: SQLite in its workspace."""
    workspace = workspace.resolve()
    return f"sqlite:///{(workspace / 'mlflow.db').as_posix()}", workspace / "mlflow-artifacts"


class MlflowTracker:
    """Writes from its own thread, and unless told otherwise from a process that it starts, where MLflow is imported.

    `artifacts` is where a new experiment keeps its files; None leaves that to the server. A server that is away is tried again
    while the study runs and once more in `close`; at most `capacity` events wait.
    """

    def __init__(
        self, uri: str, experiment: str, artifacts: Path | None = None, capacity: int = 512, *, apart: bool = True
    ) -> None:
        """`apart` writes from a process of its own."""
        place = Place(uri, experiment, artifacts)
        self._place, self._courier = place, Courier(place) if apart else None
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
        self._outbox.put(TrialEvent(seed, number, dict(params), dict(metrics), image, dict(tags)))

    def log_picture(self, seed: int | None, name: str, image: Picture) -> None:
        self._outbox.put(Attached(seed, name, image))

    def log_text(self, seed: int | None, name: str, text: str) -> None:
        self._outbox.put(Attached(seed, name, text))

    def log_file(self, seed: int | None, path: Path) -> None:
        self._outbox.put(Attached(seed, path.name, path))

    def finish(self, seed: int, metrics: Mapping[str, float | None], tags: Mapping[str, str]) -> None:
        self._outbox.put(SeedFinished(seed, dict(metrics), dict(tags)))

    def log_training(self, training: TrainingRecord) -> None:
        self._outbox.put(training)

    def close(self, wait_s: float = 60.0) -> Missing:
        missing = self._outbox.close(wait_s)
        if self._courier is not None:
            self._courier.close()
        return missing

    def _write(self, event: Event) -> None:
        from studies.tracking.mlflow.writer import Writer

        if self._courier is not None:
            self._courier.write(event)
            return
        if self._writer is None:
            self._writer = Writer(*self._place)
        self._writer.write(event)

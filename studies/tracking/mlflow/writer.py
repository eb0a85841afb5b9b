"""Writes events as MLflow runs, idempotently: runs are found again by their tags, and finished child runs are left alone."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from studies.tracking.events import (
    DESCRIPTION,
    PICK_PICTURE,
    TRIALS,
    ArtifactAdded,
    Event,
    Input,
    Scalar,
    SeedFinished,
    SeedInterrupted,
    SeedStarted,
    TrainingRecord,
    TrialFinished,
    numbers_in,
)
from studies.tracking.mlflow.database import create_database, move_artifacts
from studies.tracking.mlflow.runs import KIND, SHOWN, Child, Runs, name_of
from studies.tracking.outbox import UnreachableError
from studies.tracking.pictures import BlurredPicture, Picture, open_picture

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

DIGEST: Final = "huanhua.digest"
TRAINED: Final = "huanhua.training"
CONTEXT, NOTE = "mlflow.data.context", "mlflow.note.content"
TRAINED_IN: Final = "Trained in:"
OURS: Final = f"get-artifact?path={PICK_PICTURE}"
"""Marks descriptions that were not written by a person."""
DIGEST_LENGTH: Final = 36
"""The most letters of a digest that MLflow stores."""
EXPERIMENT_TAGS: Final = {"mlflow.experimentKind": "custom_model_development"}
"""Without them MLflow shows runs as evaluations of a language model."""
BATCH: Final = 500  # MLflow takes at most 1000 metrics in one batch
QUIET: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
}


class Writer:
    """Opens an experiment, or creates it. Raises UnreachableError while the server cannot be reached."""

    def __init__(self, uri: str, experiment: str, artifacts: Path | None, owner: str = "") -> None:
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        create_database(uri)
        if artifacts is not None:
            move_artifacts(uri, artifacts)
        with _server():
            self._client: MlflowClient = MlflowClient(tracking_uri=uri)
            self._experiment = self._open(experiment, artifacts)
        self._runs = Runs(self._client, self._experiment, owner)
        self._steps: dict[str, int] = {}

    def write(self, event: Event) -> None:
        with _server():
            match event:
                case SeedStarted():
                    self._start(event)
                case TrialFinished():
                    self._trial(event)
                case ArtifactAdded():
                    self._attach(self._runs.parent(event.seed), event.name, event.content)
                case SeedFinished():
                    parent = self._runs.parent(event.seed)
                    self._log(parent, {}, event.metrics, self._described(parent, event.tags))
                    if TRIALS in event.tags:
                        self._runs.keep_only(event.seed, numbers_in(event.tags[TRIALS]))
                    self._client.set_terminated(parent)
                case SeedInterrupted():
                    self._interrupt(event.seed)
                case TrainingRecord():
                    self._training(event)

    def _described(self, run_id: str, tags: Mapping[str, str]) -> dict[str, str]:
        """The tags with the seed's description as MLflow's own; one that a person wrote stays."""
        given = dict(tags)
        text = given.pop(DESCRIPTION, "")
        stored = self._client.get_run(run_id).data.tags.get(NOTE, "")
        if not text or not (OURS in stored or stored.startswith(TRAINED_IN) or not stored):
            return given
        trained = "".join(f"\n\n{line}" for line in stored.splitlines() if line.startswith(TRAINED_IN))
        # Relative to MLflow's page, whatever its address.
        picture = f"![the pick](get-artifact?path={PICK_PICTURE}&run_uuid={run_id})"
        return {**given, NOTE: f"{text}\n\n{picture}{trained}"}

    def _interrupt(self, seed: int) -> None:
        run_id = self._runs.parent(seed)
        if self._client.get_run(run_id).info.status == "RUNNING":
            self._client.set_terminated(run_id, status="KILLED")

    def _open(self, name: str, artifacts: Path | None) -> str:
        stored = self._client.get_experiment_by_name(name)
        if stored is None:
            location = artifacts.resolve().as_uri() if artifacts else None
            return str(self._client.create_experiment(name, artifact_location=location, tags=EXPERIMENT_TAGS))
        if stored.lifecycle_stage == "deleted":
            self._client.restore_experiment(stored.experiment_id)
        return str(stored.experiment_id)

    def _start(self, event: SeedStarted) -> None:
        run = self._runs.start(event)
        parent, stored = run.info.run_id, run.data.params
        params = {name_of(key): str(value) for key, value in event.params.items()}
        # MLflow never changes a parameter, so a new value becomes a tag.
        changed = {key: value for key, value in params.items() if stored.get(key, value) != value}
        self._log(parent, {key: value for key, value in params.items() if key not in stored}, {}, {**event.tags, **changed})
        self._inputs(parent, event.inputs, run.data.tags)
        self._client.update_run(parent, status="RUNNING")

    def _inputs(self, parent: str, inputs: Sequence[Input], stored: Mapping[str, str]) -> None:
        """As MLflow's datasets, which it stores once each."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        if not inputs:
            return
        datasets = []
        for given in inputs:
            source, profile = json.dumps({"uri": str(given.source)}), json.dumps({"sha256": given.digest, **given.details})
            dataset = Dataset(given.name, given.digest[:DIGEST_LENGTH], "local", source, profile=profile)
            datasets.append(DatasetInput(dataset, [InputTag(CONTEXT, given.context)]))
        self._client.log_inputs(parent, datasets)
        found = {given.name: run for given in inputs if (run := self._trained(given)) is not None}
        links = [f"[{name}](#/experiments/{run.info.experiment_id}/runs/{run.info.run_id})" for name, run in found.items()]
        tags = {f"{TRAINED}.{name}": run.info.run_id for name, run in found.items()}
        if links:
            note = f"{TRAINED_IN} {', '.join(links)}"
            before = stored.get(NOTE, "")
            tags[NOTE] = "\n".join(note if line.startswith(TRAINED_IN) else line for line in before.splitlines()) or note
        self._log(parent, {}, {}, tags)

    def _trained(self, given: Input) -> Run | None:
        """The newest training run that made it, in any experiment of the server."""
        experiments = [experiment.experiment_id for experiment in self._client.search_experiments()] if given.trained else []
        for key, value in given.trained.items():
            compared = "LIKE" if value.endswith("%") else "="
            query = f"tags.`{key}` {compared} '{value}'"
            if runs := self._client.search_runs(experiments, query, max_results=1, order_by=["attributes.start_time DESC"]):
                return runs[0]
        return None

    def _trial(self, event: TrialFinished) -> None:
        child = self._runs.child(event)
        shown = "none" if event.image is None else "blurred" if isinstance(event.image, BlurredPicture) else "clear"
        tags = {name_of(key): value for key, value in event.tags.items()}
        if child.status == "FINISHED" and not tags.items() <= child.tags.items():
            self._log(child.run_id, {}, {}, tags)
            child = child._replace(tags={**child.tags, **tags})
            self._runs.finished(event, child)
        if child.status == "FINISHED" and shown in (child.shown, "none"):
            return
        if child.status != "FINISHED":
            self._log(child.run_id, event.params, event.metrics, {}, step=event.number)
        if event.image is not None:
            self._attach(child.run_id, "render.png", event.image)
            self._chart(child.run_id, event.image, event.number)
        self._client.set_tag(child.run_id, SHOWN, shown)
        self._client.set_terminated(child.run_id)
        params = {name_of(key): str(value) for key, value in event.params.items()}
        self._runs.finished(event, Child(child.run_id, "FINISHED", shown, params, tags))

    def _training(self, event: TrainingRecord) -> None:
        tags = {KIND: "training", DIGEST: event.key}
        runs = [run for run in self._runs.find(tags) if run.info.run_name == event.name]
        if any(run.info.status == "FINISHED" for run in runs):
            return
        run_id = (runs[0] if runs else self._runs.create(event.name, tags)).info.run_id
        stored = runs[0].data.params if runs else {}
        self._log(run_id, {key: value for key, value in event.params.items() if key not in stored}, {}, event.tags)
        self._losses(run_id, event.first, event.losses)
        for name, text in event.texts.items():
            self._attach(run_id, name, text)
        for name, picture in event.samples.items():
            self._attach(run_id, f"samples/{name}.png", picture)
        if event.finished:
            self._client.set_terminated(run_id)

    def _losses(self, run_id: str, first: int, losses: Sequence[float]) -> None:
        from mlflow.entities import Metric

        if not losses:
            return
        if run_id not in self._steps:
            self._steps[run_id] = max((point.step for point in self._client.get_metric_history(run_id, "loss")), default=0)
        now, last = int(time.time() * 1000), self._steps[run_id]
        points = [Metric("loss", float(loss), now, step) for step, loss in enumerate(losses, start=first) if step > last]
        for start in range(0, len(points), BATCH):
            self._client.log_batch(run_id, metrics=points[start : start + BATCH])
        self._steps[run_id] = max(last, first + len(losses) - 1)

    def _log(
        self,
        run_id: str,
        params: Mapping[str, Scalar],
        metrics: Mapping[str, float | None],
        tags: Mapping[str, str],
        step: int = 0,
    ) -> None:
        from mlflow.entities import Metric, Param, RunTag

        now = int(time.time() * 1000)
        points = [Metric(name_of(key), float(value), now, step) for key, value in metrics.items() if value is not None]
        settings = [Param(name_of(key), str(value)) for key, value in params.items()]
        labels = [RunTag(name_of(key), value) for key, value in tags.items()]
        for first in range(0, max(len(points), len(settings), len(labels)), 100):  # MLflow takes 100 parameters in one batch
            cut = slice(first, first + 100)
            self._client.log_batch(run_id, metrics=points[cut], params=settings[cut], tags=labels[cut])

    def _attach(self, run_id: str, name: str, content: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, *name.split("/"))
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                file.write_text(content, encoding="utf-8")
            elif isinstance(content, Path):
                shutil.copyfile(content, file)
            else:
                open_picture(content).save(file)
            self._client.log_artifacts(run_id, folder)

    def _chart(self, run_id: str, picture: Picture, step: int) -> None:
        """In MLflow's own form of images, which its charts compare over runs."""
        self._client.log_image(run_id, open_picture(picture), key="render", step=step)


@contextmanager
def _server() -> Iterator[None]:
    """Raises UnreachableError for errors that may pass; others mean that the server rejects the event."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException

    try:
        yield
    except RequestException as error:
        raise UnreachableError(str(error)) from error
    except MlflowException as error:
        status: int = error.get_http_status_code()
        if status >= 500 or status == 429:
            raise UnreachableError(str(error)) from error
        raise

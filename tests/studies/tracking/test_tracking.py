"""The conformance suite on every tracker, and what only MLflow's must survive."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from PIL import Image

from models.errors import InputError
from studies.testing.tracker_suite import DIGEST_LENGTH, IMAGE, Logged, LoggedRun, TrackerStore, TrackerSuite
from studies.tracking.base import Tracker
from studies.tracking.events import DESCRIPTION, PICK_PICTURE, ArtifactAdded, Event, Input, TrialFinished
from studies.tracking.memory import MemoryRun, MemoryTracker
from studies.tracking.mlflow.database import create_database
from studies.tracking.mlflow.tracker import MlflowTracker, local_store
from studies.tracking.mlflow.writer_process import Destination, RejectedError, WriterProcess
from studies.tracking.outbox import Outbox, UnreachableError
from studies.tracking.pictures import BlurredPicture
from studies.tracking.registry import open_tracker

# MLflow and the SQLAlchemy under it use what they themselves declare old.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


class MemoryStore:
    def __init__(self) -> None:
        self.tracker = MemoryTracker()

    def open(self) -> Tracker:
        return self.tracker

    def read(self) -> Logged:
        def logged(run: MemoryRun) -> LoggedRun:
            params = {key: str(value) for key, value in run.params.items()}
            inputs = {(given.name, given.context, given.digest[:DIGEST_LENGTH]) for given in run.inputs}
            return LoggedRun(params, run.metrics, run.tags, set(run.artifacts), run.finished, inputs, run.losses, run.interrupted)

        return Logged(
            {str(seed): [logged(run)] for seed, run in self.tracker.seeds.items()},
            {(str(seed), str(number)): [logged(run)] for (seed, number), run in self.tracker.trials.items()},
            {name: [logged(run) for run in runs] for name, runs in self.tracker.trainings.items()},
        )


class MlflowStore:
    """A local store, written from this process. `database` is a new one to copy, because MLflow takes seconds to create one."""

    def __init__(self, folder: Path, database: Path) -> None:
        self.uri, self.artifacts = local_store(folder)
        folder.mkdir(exist_ok=True)
        copyfile(database, folder / "mlflow.db")

    def open(self) -> Tracker:
        return MlflowTracker(self.uri, "pink-dress", self.artifacts, separate_process=False)

    def read(self) -> Logged:
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=self.uri)
        experiment = client.get_experiment_by_name("pink-dress")
        assert experiment is not None
        logged, parents = Logged(), dict[str, str]()
        for run in client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"]):
            files = {item.path for item in client.list_artifacts(run.info.run_id) if not item.is_dir}
            files |= {Path(item.path).name.removesuffix(".png") for item in client.list_artifacts(run.info.run_id, "samples")}
            data = run.data
            inputs = {(i.dataset.name, i.tags[0].value, i.dataset.digest) for i in run.inputs.dataset_inputs}
            losses = [point.value for point in client.get_metric_history(run.info.run_id, "loss")]
            status = run.info.status
            one = LoggedRun(data.params, data.metrics, data.tags, files, status == "FINISHED", inputs, losses, status == "KILLED")
            match data.tags["huanhua.kind"]:
                case "trial":
                    assert parents[data.tags["mlflow.parentRunId"]] == data.tags["huanhua.seed"]
                    logged.trials.setdefault((data.tags["huanhua.seed"], data.tags["huanhua.trial"]), []).append(one)
                case "earlier trial":
                    continue
                case "training":
                    logged.trainings.setdefault(run.info.run_name, []).append(one)
                case _:
                    seed = data.tags.get("huanhua.seed", "None")
                    parents[run.info.run_id] = seed
                    logged.seeds.setdefault(seed, []).append(one)
        return logged


class TestMemoryTracker(TrackerSuite):
    @pytest.fixture
    def store(self) -> TrackerStore:
        return MemoryStore()


class TestMlflowTracker(TrackerSuite):
    @pytest.fixture
    def store(self, tmp_path: Path, database: Path) -> TrackerStore:
        return MlflowStore(tmp_path / "a study", database)


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("memory:", MemoryTracker),
        ("sqlite:////tmp/none/mlflow.db", MlflowTracker),
        ("postgresql+psycopg://host/mlflow", MlflowTracker),
        ("HTTPS://host:5000", MlflowTracker),
        ("databricks", MlflowTracker),
        ("C:\\runs", MlflowTracker),
    ],
)
def test_a_tracker_is_opened_by_the_scheme_of_its_uri(uri: str, kind: type[Tracker]) -> None:
    tracker = open_tracker(uri, "pink-dress")
    assert isinstance(tracker, kind)
    assert tracker.close().titles == ()


def test_an_unknown_scheme_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="no tracker for 'wandb:' addresses"):
        open_tracker("wandb://team/project", "pink-dress")


@pytest.mark.parametrize("by", ["huanhua.lora_sha256", "sshs_model_hash"])
def test_a_seed_leads_to_the_training_of_its_lora(tmp_path: Path, database: Path, by: str) -> None:
    """Logged by `train` or by anyone, in another experiment of the same server."""
    from mlflow import MlflowClient

    store = MlflowStore(tmp_path, database)
    client = MlflowClient(tracking_uri=local_store(tmp_path)[0])
    experiment = client.create_experiment("trainings", artifact_location=(tmp_path / "artifacts").as_uri())
    marks = {"huanhua.lora_sha256": "12" * 32, "sshs_model_hash": "ab" * 32}
    trained = client.create_run(experiment, tags={by: marks[by]}, run_name="myface")
    client.create_run(experiment, tags={by: "ef" * 32}, run_name="another")
    tracker = store.open()
    marked = {"huanhua.lora_sha256": "12" * 32, "sshs_model_hash": f"{'ab' * 6}%"}
    lora = Input("LoRA face", "lora", "12" * 32, tmp_path / "myface.safetensors", trained=marked)
    tracker.start_seed(7, {}, {}, [lora, Input("LoRA shoes", "lora", "34" * 32, tmp_path / "s", trained={by: "34" * 32})])
    assert tracker.close().titles == ()
    (seed,) = store.read().seeds["7"]
    assert {key: value for key, value in seed.tags.items() if key.startswith("huanhua.training")} == {
        "huanhua.training.LoRA face": trained.info.run_id
    }
    assert seed.tags["mlflow.note.content"] == f"Trained in: [LoRA face](#/experiments/{experiment}/runs/{trained.info.run_id})"


def test_a_unreachable_server_is_reported_once_at_the_end_and_can_be_logged_later(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    tracker = MlflowTracker(f"http://127.0.0.1:{port}", "pink-dress")
    tracker.start_seed(7, {}, {})
    tracker.log_trial(7, 0, {}, {}, IMAGE, {})
    missing = tracker.close(wait_s=30)
    assert missing.titles == ("seed 7", "seed 7 trial 0")
    assert missing.reason


def test_a_trial_that_was_cut_short_is_finished_later(tmp_path: Path, database: Path) -> None:
    store = MlflowStore(tmp_path, database)
    tracker = store.open()
    tracker.log_trial(7, 0, {"dress": 0.4}, {}, tmp_path / "absent.png", {})
    assert tracker.close().titles == ("seed 7 trial 0",)
    assert not store.read().trials["7", "0"][0].finished
    tracker = store.open()
    tracker.log_trial(7, 0, {"dress": 0.4}, {}, IMAGE, {})
    assert tracker.close().titles == ()
    (run,) = store.read().trials["7", "0"]
    assert run.finished
    assert "render.png" in run.artifacts


def test_a_seeds_description_has_its_picture_and_one_that_a_person_wrote_stays(tmp_path: Path, database: Path) -> None:
    store = MlflowStore(tmp_path, database)

    def described(text: str) -> str:
        tracker = store.open()
        tracker.start_seed(7, {}, {})
        tracker.log_picture(7, PICK_PICTURE, IMAGE)
        tracker.finish(7, {}, {DESCRIPTION: text})
        assert tracker.close().titles == ()
        (run,) = store.read().seeds["7"]
        assert PICK_PICTURE in run.artifacts
        assert DESCRIPTION not in run.tags
        return run.tags["mlflow.note.content"]

    for text in ("**The best so far**", "**The least that works**"):
        found = described(text)
        assert found.startswith(f"{text}\n\n![the pick](get-artifact?path=pick.png&run_uuid=")
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=store.uri)
    client.set_tag(found.partition("run_uuid=")[2].rstrip(")"), "mlflow.note.content", "my own words")
    assert described("**The best so far**") == "my own words"


class Server:
    """A writer that is away until `up` is set, and refuses what is called 'bad'."""

    def __init__(self) -> None:
        self.up = threading.Event()
        self.asked = threading.Event()
        self.written: list[str] = []

    def write(self, event: Event) -> None:
        self.asked.set()
        if not self.up.is_set():
            raise UnreachableError("no route to host")
        if event.title.endswith("bad"):
            raise ValueError("refused")
        self.written.append(event.title)


def test_the_outbox_keeps_the_order_and_passes_over_what_is_refused() -> None:
    server = Server()
    outbox = Outbox(server.write)
    for name in ("a", "bad", "b"):
        outbox.put(ArtifactAdded(1, name, ""))
    assert server.asked.wait(10)
    server.up.set()
    missing = outbox.close(10)
    assert server.written == ["seed 1 a", "seed 1 b"]
    assert missing.titles == ("seed 1 bad",)
    assert missing.reason == "UnreachableError: no route to host"


def test_a_full_outbox_names_what_it_dropped() -> None:
    server = Server()
    outbox = Outbox(server.write, capacity=2)
    for name in ("a", "b", "c"):
        outbox.put(ArtifactAdded(1, name, ""))
    assert set(outbox.close(10).titles) == {"seed 1 a", "seed 1 b", "seed 1 c"}


def test_a_blur_becomes_clear_when_it_is_asked_for(tmp_path: Path, database: Path) -> None:
    store = MlflowStore(tmp_path / "a study", database)
    picture = tmp_path / "render.png"
    Image.effect_noise((64, 96), 90).convert("RGB").save(picture)
    logged = {}
    for shown in (BlurredPicture(picture), BlurredPicture(picture), picture):
        tracker = store.open()
        tracker.log_trial(7, 0, {"dress": 0.0}, {"cost": 0.0}, shown, {})
        assert tracker.close().titles == ()
        (place,) = (tmp_path / "a study" / "mlflow-artifacts").rglob("artifacts/render.png")
        (run,) = store.read().trials["7", "0"]
        logged[type(shown)] = place.read_bytes(), place.stat().st_mtime_ns, run.tags["huanhua.picture"]
    assert logged[BlurredPicture][2] == "blurred"
    assert logged[BlurredPicture][0] != picture.read_bytes()
    assert logged[type(picture)][2] == "clear"
    assert logged[type(picture)][0] == picture.read_bytes()


def test_another_process_writes_the_same(tmp_path: Path, database: Path) -> None:
    store = MlflowStore(tmp_path / "a study", database)
    tracker = MlflowTracker(store.uri, "pink-dress", store.artifacts)
    tracker.log_trial(7, 0, {"dress": 0.4}, {"garment": 0.7}, IMAGE, {})
    tracker.log_trial(7, 1, {"dress": 0.4}, {}, tmp_path / "absent.png", {})
    missing = tracker.close()
    assert missing.titles == ("seed 7 trial 1",)
    assert missing.reason is not None
    assert "FileNotFoundError" in missing.reason
    (run,) = store.read().trials["7", "0"]
    assert run.metrics == {"garment": 0.7}
    assert "render.png" in run.artifacts


def test_a_writing_process_that_dies_is_started_again(tmp_path: Path, database: Path) -> None:
    store = MlflowStore(tmp_path / "a study", database)
    process_writer = WriterProcess(Destination(store.uri, "pink-dress", store.artifacts))
    trials = [TrialFinished(7, number, {}, {}, None, {}) for number in range(2)]
    process_writer.write(trials[0])
    assert process_writer._process is not None
    process_writer._process.kill()
    process_writer._process.wait()
    with pytest.raises(UnreachableError, match="the process that writes to MLflow ended"):
        process_writer.write(trials[1])
    process_writer.write(trials[1])
    with pytest.raises(RejectedError):
        process_writer.write(ArtifactAdded(7, "gone.png", tmp_path / "gone.png"))
    process = process_writer._process
    process_writer.close()
    assert process.poll() == 0
    with pytest.raises(UnreachableError):
        process_writer.write(trials[1])
    assert set(store.read().trials) == {("7", "0"), ("7", "1")}


def test_a_database_whose_making_was_cut_short_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(engine: Any) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("create table _alembic_tmp_latest_metrics (x text)")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("mlflow.store.db.utils._initialize_tables", cut)
        with pytest.raises(KeyboardInterrupt):
            create_database(local_store(tmp_path)[0])
    assert list(tmp_path.iterdir()) == []
    tracker = MlflowTracker(local_store(tmp_path)[0], "pink-dress", tmp_path / "artifacts")
    tracker.log_text(None, "a.txt", "")
    assert tracker.close().titles == ()

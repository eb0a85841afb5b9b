"""One conformance suite for every tracker, and what only the MLflow one must survive."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from PIL import Image

from studies.tracking.base import Tracker
from studies.tracking.events import Attached, Event, Input, TrainingRecord, TrialEvent
from studies.tracking.memory import MemoryTracker
from studies.tracking.mlflow.database import make_whole
from studies.tracking.mlflow.process import Courier, Place, RefusedError
from studies.tracking.mlflow.tracker import MlflowTracker, local_store
from studies.tracking.outbox import AwayError, Outbox
from studies.tracking.pictures import Veiled

# MLflow and the SQLAlchemy under it use what they themselves declare old.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
IMAGE = Image.new("RGB", (16, 24), (200, 40, 90))


@dataclass
class Seen:
    """What a tracker holds, in one form for all of them."""

    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    artifacts: set[str]
    finished: bool
    inputs: set[tuple[str, str, str]]
    losses: list[float]


@dataclass
class Held:
    seeds: dict[str, list[Seen]]
    trials: dict[tuple[str, str], list[Seen]]
    trainings: dict[str, list[Seen]]


Read = Callable[[], Held]
Open = Callable[[], Tracker]


def _memory() -> tuple[Open, Read]:
    tracker = MemoryTracker()

    def seen(run: Any) -> Seen:
        params = {key: str(value) for key, value in run.params.items()}
        inputs = {(held.name, held.context, held.digest[:36]) for held in run.inputs}
        return Seen(params, run.metrics, run.tags, set(run.artifacts), run.finished, inputs, run.losses)

    def read() -> Held:
        return Held(
            {str(seed): [seen(run)] for seed, run in tracker.seeds.items()},
            {(str(seed), str(number)): [seen(run)] for (seed, number), run in tracker.trials.items()},
            {name: [seen(run) for run in runs] for name, runs in tracker.trainings.items()},
        )

    return lambda: tracker, read


def _mlflow(folder: Path, database: Path) -> tuple[Open, Read]:
    uri, artifacts = local_store(folder)
    folder.mkdir(exist_ok=True)
    copyfile(database, folder / "mlflow.db")

    def read() -> Held:
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri)
        experiment = client.get_experiment_by_name("pink-dress")
        assert experiment is not None
        held = Held({}, {}, {})
        parents: dict[str, str] = {}
        runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
        for run in runs:
            files = {item.path for item in client.list_artifacts(run.info.run_id) if not item.is_dir}
            files |= {Path(item.path).name.removesuffix(".png") for item in client.list_artifacts(run.info.run_id, "samples")}
            data = run.data
            inputs = {(i.dataset.name, i.tags[0].value, i.dataset.digest) for i in run.inputs.dataset_inputs}
            losses = [point.value for point in client.get_metric_history(run.info.run_id, "loss")]
            seen = Seen(data.params, data.metrics, data.tags, files, run.info.status == "FINISHED", inputs, losses)
            match data.tags["huanhua.kind"]:
                case "trial":
                    assert parents[data.tags["mlflow.parentRunId"]] == data.tags["huanhua.seed"]
                    held.trials.setdefault((data.tags["huanhua.seed"], data.tags["huanhua.trial"]), []).append(seen)
                case "training":
                    held.trainings.setdefault(run.info.run_name, []).append(seen)
                case _:
                    seed = data.tags.get("huanhua.seed", "None")
                    parents[run.info.run_id] = seed
                    held.seeds.setdefault(seed, []).append(seen)
        return held

    return lambda: MlflowTracker(uri, "pink-dress", artifacts, apart=False), read


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database made by a tracker itself, copied by each test because making one takes seconds."""
    folder = tmp_path_factory.mktemp("template") / "new"
    uri, artifacts = local_store(folder)
    tracker = MlflowTracker(uri, "first", artifacts, apart=False)
    tracker.log_text(None, "a.txt", "")
    assert tracker.close().titles == ()
    return folder / "mlflow.db"


@pytest.fixture(params=["memory", "mlflow"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, database: Path) -> tuple[Open, Read]:
    return _memory() if request.param == "memory" else _mlflow(tmp_path / "a study", database)


def test_a_seed_its_trials_and_its_pictures_are_kept(kept: tuple[Open, Read], tmp_path: Path) -> None:
    start, read = kept
    picture = tmp_path / "render.png"
    IMAGE.save(picture)
    tracker = start()
    tracker.start_seed(7, {"prompt": "1girl, dress", "cfg": 7.5}, {"base": "lab"})
    tracker.log_trial(7, 0, {"dress": 0.4}, {"garment": 0.7, "face": None}, IMAGE, {"stage": "design"})
    tracker.log_trial(7, 1, {"dress": 0.3}, {"garment": 0.6}, picture, {})
    tracker.log_trial(8, 0, {"衣服:x": 0.3}, {"garment": float("nan")}, None, {})
    tracker.log_picture(7, "grid.png", IMAGE)
    tracker.log_picture(None, "scouting.png", picture)
    tracker.log_text(7, "why.txt", "no weight can be lower")
    tracker.log_file(7, picture)
    tracker.finish(7, {"cost": 1.1}, {"pick": "1"})
    assert tracker.close() == tracker.close(), "closing again changes nothing"
    assert tracker.close().titles == ()

    held = read()
    (seed,) = held.seeds["7"]
    assert seed.params == {"prompt": "1girl, dress", "cfg": "7.5"}
    assert seed.metrics == {"cost": 1.1}
    assert seed.finished
    assert seed.tags["base"] == "lab"
    assert seed.tags["pick"] == "1"
    assert seed.artifacts == {"grid.png", "why.txt", "render.png"}
    assert held.seeds["None"][0].artifacts == {"scouting.png"}
    (first,) = held.trials["7", "0"]
    assert first.params == {"dress": "0.4"}
    assert first.metrics == {"garment": 0.7}
    assert first.tags["stage"] == "design"
    assert "render.png" in first.artifacts
    assert first.finished
    assert "render.png" in held.trials["7", "1"][0].artifacts
    assert set(held.trials) == {("7", "0"), ("7", "1"), ("8", "0")}


def test_a_resumed_study_logs_everything_again_and_keeps_one_copy(kept: tuple[Open, Read]) -> None:
    start, read = kept
    for cfg in (7.5, 8.0):
        tracker = start()
        tracker.start_seed(7, {"cfg": cfg, "steps": 30}, {})
        for number in range(3):
            tracker.log_trial(7, number, {"dress": 0.4}, {"garment": 0.7}, IMAGE, {})
        tracker.log_training(TrainingRecord("dress", "", {"rank": 8}, [0.3, 0.2, 0.1], samples={"step 3": IMAGE}))
        assert tracker.close().titles == ()
    held = read()
    assert [len(runs) for runs in held.seeds.values()] == [1]
    assert held.seeds["7"][0].params == {"cfg": "7.5", "steps": "30"}
    assert held.seeds["7"][0].tags["cfg"] == "8.0"
    assert not held.seeds["7"][0].finished
    assert [len(runs) for runs in held.trials.values()] == [1, 1, 1]
    (training,) = held.trainings["dress"]
    assert training.metrics == {"loss": 0.1}
    assert training.artifacts == {"step 3"}
    assert training.finished


def test_what_a_seed_is_run_with_is_told_once(kept: tuple[Open, Read], tmp_path: Path) -> None:
    start, read = kept
    for digest in ("ab" * 32, "ab" * 32, "cd" * 32):
        tracker = start()
        photos = Input(
            "references dress", "references", digest, tmp_path / "photos", {"photos": 2, "files": {"a.png": "0f" * 32}}
        )
        tracker.start_seed(7, {}, {}, [photos])
        assert tracker.close().titles == ()
    assert read().seeds["7"][0].inputs == {
        ("references dress", "references", "ab" * 18),
        ("references dress", "references", "cd" * 18),
    }


@pytest.mark.parametrize("by", ["huanhua.lora_sha256", "sshs_model_hash"])
def test_a_seed_leads_to_the_training_of_its_lora(tmp_path: Path, database: Path, by: str) -> None:
    """Logged by `train` or by anyone, in another experiment of the same server."""
    from mlflow import MlflowClient

    start, read = _mlflow(tmp_path, database)
    client = MlflowClient(tracking_uri=local_store(tmp_path)[0])
    experiment = client.create_experiment("trainings", artifact_location=(tmp_path / "artifacts").as_uri())
    marks = {"huanhua.lora_sha256": "12" * 32, "sshs_model_hash": "ab" * 32}
    trained = client.create_run(experiment, tags={by: marks[by]}, run_name="myface")
    client.create_run(experiment, tags={by: "ef" * 32}, run_name="another")
    tracker = start()
    marked = {"huanhua.lora_sha256": "12" * 32, "sshs_model_hash": f"{'ab' * 6}%"}
    lora = Input("LoRA face", "lora", "12" * 32, tmp_path / "myface.safetensors", trained=marked)
    tracker.start_seed(7, {}, {}, [lora, Input("LoRA shoes", "lora", "34" * 32, tmp_path / "s", trained={by: "34" * 32})])
    assert tracker.close().titles == ()
    (seed,) = read().seeds["7"]
    assert {key: value for key, value in seed.tags.items() if key.startswith("huanhua.training")} == {
        "huanhua.training.LoRA face": trained.info.run_id
    }
    assert seed.tags["mlflow.note.content"] == f"Trained in: [LoRA face](#/experiments/{experiment}/runs/{trained.info.run_id})"


def test_a_training_is_told_as_it_goes_and_again_after_it_was_killed(kept: tuple[Open, Read]) -> None:
    start, read = kept
    tracker = start()
    tracker.log_training(TrainingRecord("dress", "a", {"rank": 8}, texts={"manifest.json": "{}"}, finished=False))
    tracker.log_training(TrainingRecord("dress", "a", {"rank": 8}, first=2, samples={"step 2": IMAGE}, finished=False))
    tracker.log_training(TrainingRecord("dress", "a", {"rank": 8}, [0.5, 0.4], finished=False))
    assert tracker.close().titles == ()
    assert not read().trainings["dress"][0].finished
    tracker = start()
    tracker.log_training(TrainingRecord("dress", "a", {"rank": 8}, [0.5, 0.4, 0.3], finished=False))
    tracker.log_training(TrainingRecord("dress", "a", {"rank": 8}, [0.2], first=4, tags={"lora": "0123"}))
    tracker.log_training(TrainingRecord("dress", "b", {"rank": 8}))
    assert tracker.close().titles == ()
    run, other = sorted(read().trainings["dress"], key=lambda run: "lora" not in run.tags)
    assert (run.losses, other.losses) == ([0.5, 0.4, 0.3, 0.2], [])
    assert run.metrics == {"loss": 0.2}
    assert run.tags["lora"] == "0123"
    assert {"manifest.json", "step 2"} <= run.artifacts
    assert run.finished


def test_a_server_that_is_away_is_named_once_at_the_end_and_can_be_logged_later(tmp_path: Path) -> None:
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
    start, read = _mlflow(tmp_path, database)
    tracker = start()
    tracker.log_trial(7, 0, {"dress": 0.4}, {}, tmp_path / "absent.png", {})
    assert tracker.close().titles == ("seed 7 trial 0",)
    assert not read().trials["7", "0"][0].finished
    tracker = start()
    tracker.log_trial(7, 0, {"dress": 0.4}, {}, IMAGE, {})
    assert tracker.close().titles == ()
    (run,) = read().trials["7", "0"]
    assert run.finished
    assert "render.png" in run.artifacts


class Server:
    """A writer that is away until `up` is set, and refuses what is called 'bad'."""

    def __init__(self) -> None:
        self.up = threading.Event()
        self.asked = threading.Event()
        self.written: list[str] = []

    def write(self, event: Event) -> None:
        self.asked.set()
        if not self.up.is_set():
            raise AwayError("no route to host")
        if event.title.endswith("bad"):
            raise ValueError("refused")
        self.written.append(event.title)


def test_the_outbox_keeps_the_order_and_passes_over_what_is_refused() -> None:
    server = Server()
    outbox = Outbox(server.write)
    for name in ("a", "bad", "b"):
        outbox.put(Attached(1, name, ""))
    assert server.asked.wait(10)
    server.up.set()
    missing = outbox.close(10)
    assert server.written == ["seed 1 a", "seed 1 b"]
    assert missing.titles == ("seed 1 bad",)
    assert missing.reason == "AwayError: no route to host"


def test_a_full_outbox_names_what_it_dropped() -> None:
    server = Server()
    outbox = Outbox(server.write, capacity=2)
    for name in ("a", "b", "c"):
        outbox.put(Attached(1, name, ""))
    assert set(outbox.close(10).titles) == {"seed 1 a", "seed 1 b", "seed 1 c"}


def test_a_blur_becomes_clear_when_it_is_asked_for(tmp_path: Path, database: Path) -> None:
    start, read = _mlflow(tmp_path / "a study", database)
    picture = tmp_path / "render.png"
    Image.effect_noise((64, 96), 90).convert("RGB").save(picture)
    logged = {}
    for shown in (Veiled(picture), Veiled(picture), picture):
        tracker = start()
        tracker.log_trial(7, 0, {"dress": 0.0}, {"cost": 0.0}, shown, {})
        assert tracker.close().titles == ()
        (place,) = (tmp_path / "a study" / "mlflow-artifacts").rglob("artifacts/render.png")
        logged[type(shown)] = place.read_bytes(), place.stat().st_mtime_ns, read().trials["7", "0"][0].tags["huanhua.picture"]
    assert logged[Veiled][2] == "blurred"
    assert logged[Veiled][0] != picture.read_bytes()
    assert logged[type(picture)][2] == "clear"
    assert logged[type(picture)][0] == picture.read_bytes()


def test_another_process_writes_the_same(tmp_path: Path, database: Path) -> None:
    _, read = _mlflow(tmp_path / "a study", database)
    uri, artifacts = local_store(tmp_path / "a study")
    tracker = MlflowTracker(uri, "pink-dress", artifacts)
    tracker.log_trial(7, 0, {"dress": 0.4}, {"garment": 0.7}, IMAGE, {})
    tracker.log_trial(7, 1, {"dress": 0.4}, {}, tmp_path / "absent.png", {})
    missing = tracker.close()
    assert missing.titles == ("seed 7 trial 1",)
    assert missing.reason is not None
    assert "FileNotFoundError" in missing.reason
    (run,) = read().trials["7", "0"]
    assert run.metrics == {"garment": 0.7}
    assert "render.png" in run.artifacts


def test_a_writing_process_that_dies_is_started_again(tmp_path: Path, database: Path) -> None:
    _, read = _mlflow(tmp_path / "a study", database)
    uri, artifacts = local_store(tmp_path / "a study")
    courier = Courier(Place(uri, "pink-dress", artifacts))
    trials = [TrialEvent(7, number, {}, {}, None, {}) for number in range(2)]
    courier.write(trials[0])
    assert courier._process is not None
    courier._process.kill()
    courier._process.wait()
    with pytest.raises(AwayError, match="the process that writes to MLflow ended"):
        courier.write(trials[1])
    courier.write(trials[1])
    with pytest.raises(RefusedError):
        courier.write(Attached(7, "gone.png", tmp_path / "gone.png"))
    process = courier._process
    courier.close()
    assert process.poll() == 0
    with pytest.raises(AwayError):
        courier.write(trials[1])
    assert set(read().trials) == {("7", "0"), ("7", "1")}


def test_a_database_whose_making_was_cut_short_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(engine: Any) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("create table _alembic_tmp_latest_metrics (x text)")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("mlflow.store.db.utils._initialize_tables", cut)
        with pytest.raises(KeyboardInterrupt):
            make_whole(local_store(tmp_path)[0])
    assert list(tmp_path.iterdir()) == []
    tracker = MlflowTracker(local_store(tmp_path)[0], "pink-dress", tmp_path / "artifacts")
    tracker.log_text(None, "a.txt", "")
    assert tracker.close().titles == ()

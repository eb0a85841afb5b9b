"""Both dashboards really start on a small study, answer on loopback, and leave no process behind."""

from __future__ import annotations

import base64
import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dashboards.optuna_server import only_loopback
from dashboards.servers import Public, Stores, running
from models.errors import InputError
from studies.service.stores import public_at
from studies.tracking.mlflow.tracker import MlflowTracker, local_store

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
SERVE = """
import sys
from pathlib import Path
from dashboards.servers import Stores, serve
url, artifacts, storage, store, logs = sys.argv[1:]
serve(Stores(url, Path(artifacts), storage, Path(store), Path(logs)), lambda at: print(at.mlflow, at.optuna, flush=True))
print("stopped", flush=True)
"""


def _study(folder: Path) -> Stores:
    import optuna
    from optuna.artifacts import FileSystemArtifactStore, upload_artifact

    picture, store = folder / "render.png", folder / "artifacts"
    Image.new("RGB", (16, 24), (200, 40, 90)).save(picture)
    store.mkdir()
    storage = f"sqlite:///{folder / 'optuna.db'}"
    study = optuna.create_study(storage=storage, study_name="seed 7", directions=["minimize", "maximize"])
    trial = study.ask({"dress": optuna.distributions.FloatDistribution(0, 1)})
    upload_artifact(artifact_store=FileSystemArtifactStore(str(store)), file_path=str(picture), study_or_trial=trial)
    study.tell(trial, [0.4, 0.7])
    url, artifacts = local_store(folder)
    tracker = MlflowTracker(url, "pink-dress", artifacts)
    tracker.log_trial(7, 0, {"dress": 0.4}, {"garment": 0.7}, picture, {})
    assert tracker.close(300.0).titles == ()
    return Stores(url, artifacts, storage, store, folder / "logs")


def _get(address: str, body: dict[str, object] | None = None) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"} if data else {})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return bytes(reply.read())


def _refuses(address: str) -> bool:
    host, port = address.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


def _look_at_mlflow(address: str) -> None:
    api = f"{address}/api/2.0/mlflow"
    assert b"MLflow" in _get(address)
    found = json.loads(_get(f"{api}/experiments/search", {"max_results": 10}))["experiments"]
    (study,) = [experiment["experiment_id"] for experiment in found if experiment["name"] == "pink-dress"]
    runs = json.loads(_get(f"{api}/runs/search", {"experiment_ids": [study]}))["runs"]
    (trial,) = [run["info"]["run_id"] for run in runs if run["info"]["run_name"] == "trial 0"]
    assert _get(f"{address}/get-artifact?path=render.png&run_uuid={trial}").startswith(b"\x89PNG")


def _look_at_optuna(address: str) -> None:
    assert b"<title>Optuna Dashboard" in _get(f"{address}/dashboard")
    assert json.loads(_get(f"{address}/api/meta"))["artifact_is_available"]
    (study,) = json.loads(_get(f"{address}/api/studies"))["study_summaries"]
    (trial,) = json.loads(_get(f"{address}/api/studies/{study['study_id']}?after=0"))["trials"]
    picture = trial["artifacts"][0]["artifact_id"]
    assert _get(f"{address}/artifacts/{study['study_id']}/{trial['trial_id']}/{picture}").startswith(b"\x89PNG")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_both_answer_and_stop_together(tmp_path: Path) -> None:
    stores = _study(tmp_path)
    arguments = [stores.mlflow_url, stores.mlflow_artifacts, stores.storage_url, stores.artifacts, stores.logs]
    with subprocess.Popen([sys.executable, "-c", SERVE, *map(str, arguments)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            mlflow, optuna = process.stdout.readline().split()
            _look_at_mlflow(mlflow)
            _look_at_optuna(optuna)
            process.send_signal(signal.SIGTERM)
            assert process.stdout.read().strip() == "stopped"
            assert process.wait(30) == 0
        finally:
            process.terminate()
    assert _refuses(mlflow)
    assert _refuses(optuna)


def test_nothing_to_show_is_refused_before_anything_starts(tmp_path: Path) -> None:
    stores = Stores(
        f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path, f"sqlite:///{tmp_path / 'optuna.db'}", tmp_path, tmp_path / "logs"
    )
    with pytest.raises(InputError, match="nothing to show yet"), running(stores):
        pass
    assert not (tmp_path / "logs").exists()


def test_a_dashboard_that_cannot_start_is_named(tmp_path: Path) -> None:
    (tmp_path / "optuna.db").write_bytes(b"this is no database at all, whatever its name says" * 40)
    stores = Stores("http://127.0.0.1:9", tmp_path, f"sqlite:///{tmp_path / 'optuna.db'}", tmp_path, tmp_path / "logs")
    with pytest.raises(InputError, match="Optuna dashboard stopped"), running(stores):
        pass


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"HTTP_HOST": "127.0.0.1:8080"}, "200 OK"),
        ({"HTTP_HOST": "localhost:1", "HTTP_ORIGIN": "http://localhost:1"}, "200 OK"),
        ({"HTTP_HOST": "evil.example"}, "403 Forbidden"),
        ({"HTTP_HOST": "127.0.0.1:8080", "HTTP_ORIGIN": "https://evil.example"}, "403 Forbidden"),
        ({"HTTP_HOST": "127.0.0.1:8080", "HTTP_ORIGIN": "null"}, "403 Forbidden"),
    ],
)
def test_other_sites_are_refused(headers: dict[str, str], status: str) -> None:
    statuses: list[str] = []

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        return []

    only_loopback(application)(dict(headers), lambda code, _: statuses.append(code))
    assert statuses == [status]


def test_beyond_this_machine_mlflow_asks_for_a_password(tmp_path: Path) -> None:
    pytest.importorskip("flask_wtf", reason="pip install 'huanhua[auth]'")
    with running(_study(tmp_path), public=Public("127.0.0.2", "a long password")) as (addresses, _):
        api = f"{addresses.mlflow}/api/2.0/mlflow/experiments/search?max_results=10"
        assert addresses.mlflow.startswith("http://127.0.0.2:")
        assert addresses.optuna.startswith("http://127.0.0.1:")
        for password, status in ((None, 401), ("another password", 401), ("a long password", 200)):
            token = base64.b64encode(f"huanhua:{password}".encode()).decode()
            headers = {"Authorization": f"Basic {token}"} if password else {}
            assert _status(api, headers) == status
        assert _status(api, {"Host": "evil.example"}) == 403


def _status(address: str, headers: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_without_a_password_nothing_answers_beyond_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUANHUA_PASSWORD", raising=False)
    assert public_at(None) is None
    assert public_at("127.0.0.1") is None
    with pytest.raises(InputError, match="behind a password only"):
        public_at("192.168.0.9")
    monkeypatch.setenv("HUANHUA_PASSWORD", "short")
    with pytest.raises(InputError, match="at least 12 letters"):
        public_at("192.168.0.9")
    with pytest.raises(InputError, match="every address"):
        public_at("0.0.0.0")


def test_an_address_of_another_machine_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "optuna.db").touch()
    (tmp_path / "mlflow.db").touch()
    stores = Stores(
        f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path, f"sqlite:///{tmp_path / 'optuna.db'}", tmp_path, tmp_path / "logs"
    )
    with pytest.raises(InputError, match="no such address"), running(stores, public=Public("192.0.2.1", "a long password")):
        pass

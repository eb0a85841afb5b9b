"""Studies as jobs: what is queued, what is refused, what is listed; and once, slowly, through a real Ray head."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from dashboards.ray_head import command, ray_head
from models.errors import InputError
from models.io.logs import last_line
from studies.drawing.webui import WebuiDraw
from studies.service.ray_jobs import connect, list_all, submit, trials_of
from studies.study import Study
from studies.testing.lab_study import SPEC, run, study_in


@dataclass
class FakeClient:
    jobs: list[Any] = field(default_factory=list)
    asked: dict[str, Any] = field(default_factory=dict)

    def submit_job(self, **asked: Any) -> str:
        self.asked = asked
        self.jobs.append(SimpleNamespace(status="PENDING", start_time=None, metadata=asked["metadata"]))
        return "raysubmit_1"

    def list_jobs(self) -> list[Any]:
        return self.jobs


def test_a_study_is_queued_once_and_waits_for_its_turn(tmp_path: Path) -> None:
    client, study = FakeClient(), study_in(tmp_path / "a study")
    job, log = submit(client, study, tmp_path / "a study" / "study.yaml", ["--trials", "9"], 2)
    assert job == "raysubmit_1"
    entry = client.asked["entrypoint"]
    assert f"run '{tmp_path / 'a study' / 'study.yaml'}' --ray auto --trials 9 --ray-workers 2" in entry
    assert entry.endswith(f">> '{log}' 2>&1 || test $? -eq 1")
    assert client.asked["entrypoint_resources"] == {"huanhua_runner": 1}
    with pytest.raises(InputError, match="this study is queued already"):
        submit(client, study, tmp_path / "study.yaml", [], None)
    client.jobs[0].status = "SUCCEEDED"
    submit(client, study, tmp_path / "study.yaml", [], None)


def test_a_name_cannot_leave_the_command(tmp_path: Path) -> None:
    client = FakeClient()
    submit(client, study_in(tmp_path / "x; touch gone"), tmp_path / "x; touch gone" / "study.yaml", [], None)
    assert "'" + str(tmp_path / "x; touch gone" / "study.yaml") + "'" in client.asked["entrypoint"]


def test_a_study_that_a_server_draws_needs_no_workers_of_rays(tmp_path: Path) -> None:
    study, client = study_in(tmp_path), FakeClient()
    spec = study.spec.model_copy(update={"draw": WebuiDraw.model_validate({"with": "webui"})})
    served = Study(spec, study.root, study.workspace, study.backend, study.models)
    with pytest.raises(InputError, match="draws this study, and Ray's workers would not"):
        submit(client, served, tmp_path / "study.yaml", [], 2)
    submit(client, served, tmp_path / "study.yaml", ["--trials", "9"], None)
    assert "--ray" not in client.asked["entrypoint"]
    assert "study.yaml --trials 9 >> " in client.asked["entrypoint"]


def test_studies_are_listed_with_state_and_progress(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({**SPEC, "loras": _plain()}), encoding="utf-8")
    run(study_in(tmp_path), budget=5)
    log = tmp_path / "run.log"
    log.write_text("seed 7\nhuanhua: this cluster has no GPU: --ray\n\n", encoding="utf-8")
    metadata = {"huanhua.study": "outfit", "huanhua.file": str(tmp_path / "study.yaml"), "huanhua.log": str(log)}
    gone = {**metadata, "huanhua.study": "gone", "huanhua.file": str(tmp_path / "none.yaml")}
    client = FakeClient(
        [
            SimpleNamespace(status="RUNNING", start_time=2000, metadata=metadata),
            SimpleNamespace(status="FAILED", start_time=1000, metadata=gone),
            SimpleNamespace(status="RUNNING", start_time=1, metadata={"of": "others"}),
        ]
    )
    first, second = list_all(client, trials_of)
    assert (first.study, first.state, first.done, first.budget) == ("gone", "failed", 0, 0)
    assert (second.study, second.state, second.done, second.budget) == ("outfit", "running", 5, 80)
    assert "5 of at most 80 trials" in second.line()
    assert first.line().endswith("trials not known from here  huanhua: this cluster has no GPU: --ray")
    assert second.line().endswith(str(log))


@pytest.mark.parametrize(("status", "ended"), [(0, 0), (1, 0), (2, 1), (137, 1)])
def test_a_run_without_a_pick_is_finished_and_any_other_end_is_listed_as_failed(tmp_path: Path, status: int, ended: int) -> None:
    client, study = FakeClient(), study_in(tmp_path)
    submit(client, study, tmp_path / "study.yaml", [], None)
    _, _, rest = client.asked["entrypoint"].partition(" >> ")
    assert subprocess.run(f"(exit {status}) >> {rest}", shell=True, check=False).returncode == ended


def test_a_log_that_is_elsewhere_tells_nothing(tmp_path: Path) -> None:
    assert last_line(tmp_path / "run.log") == ""


def _plain() -> dict[str, Any]:
    return {name: dict(lora) for name, lora in SPEC["loras"].items()}


def test_the_head_listens_on_loopback_and_reports_nothing() -> None:
    words = command(6379, 8265, 2)
    assert "--node-ip-address=127.0.0.1" in words
    assert "--dashboard-host=127.0.0.1" in words
    assert "--disable-usage-stats" in words


def test_no_service_is_one_line() -> None:
    pytest.importorskip("ray", reason="pip install 'huanhua[ray]'")
    with pytest.raises(InputError, match="nothing takes studies there"):
        connect("http://127.0.0.1:9")


@pytest.fixture
def ports() -> tuple[int, int]:
    found = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            found.append(probe.getsockname()[1])
    return found[0], found[1]


def huanhua(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "huanhua", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_study_goes_through_a_real_head_and_its_log_stays(
    tmp_path: Path, ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its base is not there, so it fails: with one line in its log, and as failed in the list."""
    pytest.importorskip("ray", reason="pip install 'huanhua[ray]'")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[3]))
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({**SPEC, "loras": _plain()}), encoding="utf-8")
    with ray_head(tmp_path / "logs", port=ports[0], jobs_port=ports[1]) as head:
        queued = huanhua("submit", str(tmp_path), "--ray-workers", "1", "--address", head.jobs)
        assert "queued as" in queued
        until = time.monotonic() + 240
        while "failed" not in (metadata := huanhua("status", "--address", head.jobs)):
            assert time.monotonic() < until, metadata
            time.sleep(1)
    log = (tmp_path / "workspace" / "logs" / "run.log").read_text(encoding="utf-8")
    assert "huanhua: " in log
    assert "Traceback" not in log

"""Servers that go away in mid-study: MLflow for half of one, PostgreSQL twice.

    python -m benchmarks.faults --servers

Real storage, search and trackers; images and observations are fakes, and each image takes as long as one of the lab does. The
PostgreSQL server is one of its own, from the programs of this machine.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from studies.callback import TrialEvent
    from studies.run.outcome import Outcome
    from studies.study import Study
    from studies.tracking.base import Tracker

IMAGE_S: Final = 0.5
TRIALS: Final = 40
SEED: Final = 7


@dataclass
class MlflowServer:
    """One that can be stopped and started again on its own store."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--port", str(self.port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{self.folder / 'mlflow.db'}"]
        command += ["--artifacts-destination", (self.folder / "artifacts").as_uri()]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)

    def stop(self) -> None:
        from dashboards.processes import stop

        assert self.process is not None
        stop(self.process)

    def wait(self) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.2)
        raise SystemExit("the MLflow server did not start")


@contextmanager
def mlflow_server(folder: Path) -> Iterator[MlflowServer]:
    folder.mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = MlflowServer(folder, port)
    server.start()
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def mlflow_away(folder: Path, *, rounds: int) -> dict[str, Any]:
    """Seconds of the run with the server there and with the server stopped from a quarter to three quarters of it, turn by turn;
    and how many trials MLflow lacks after the run, and after they were logged once more as `huanhua track` does."""
    there, away, lacking, lacking_later, trials = [], [], 0, 0, 0
    with mlflow_server(folder / "server") as server:
        for turn in range(rounds):
            seconds, _, _ = _tracked(folder / f"there-{turn}", server, f"there {turn}", lambda done: None)
            there.append(seconds)

            # Stopped in a thread: waiting for a server to go is no part of what a run takes.
            stopping = threading.Thread(target=server.stop)

            def half(done: TrialEvent, stopping: threading.Thread = stopping) -> None:
                if done.count == TRIALS // 4:
                    stopping.start()
                if done.count == 3 * TRIALS // 4:
                    stopping.join()
                    server.start()

            seconds, missing, outcome = _tracked(folder / f"away-{turn}", server, f"away {turn}", half)
            away.append(seconds)
            trials += len(outcome.trials)
            lacking += missing
            server.wait()
            _log_again(server, f"away {turn}", outcome)
            lacking_later += len(outcome.trials) - _logged(server, f"away {turn}")
    return {
        "mlflow_there_s": round(median(there), 2),
        "mlflow_away_s": round(median(away), 2),
        "mlflow_away_over_there": round(median(away) / median(there), 3),
        "mlflow_spread_there": round(max(there) / min(there), 3),
        "mlflow_trials": trials,
        "mlflow_records_missing_at_the_end": lacking,
        "mlflow_trials_missing_later": lacking_later,
    }


def _study(folder: Path, **changes: Any) -> Study:
    from collections.abc import Sequence

    from optimizer.point import Job
    from studies.testing.lab_study import study_in
    from studies.testing.painting_renderer import Painter

    class Slow(Painter):
        def render(self, jobs: Sequence[Job]) -> Any:
            time.sleep(IMAGE_S)
            return super().render(jobs)

    return study_in(folder, renderer=Slow(), **changes)


def _tracked(
    folder: Path, server: MlflowServer, experiment: str, on_trial: Callable[[TrialEvent], None]
) -> tuple[float, int, Outcome]:
    from studies.tracking.mlflow.tracker import MlflowTracker

    tracker = MlflowTracker(server.url, experiment)
    seconds, outcome = _run(_study(folder), tracker, on_trial)
    return seconds, len(tracker.close(120.0).titles), outcome


def _run(study: Study, tracker: Tracker, on_trial: Callable[[TrialEvent], None]) -> tuple[float, Outcome]:
    from studies.run.calibration import calibrate
    from studies.run.seed_search import run_seed

    study.workspace.make()
    judge = calibrate(study, SEED).judge
    began = time.monotonic()
    outcome = run_seed(study, SEED, judge=judge, budget=TRIALS, tracker=tracker, on_trial=on_trial)
    return time.monotonic() - began, outcome


def _log_again(server: MlflowServer, experiment: str, outcome: Outcome) -> None:
    from studies.run.trials import track_trial
    from studies.tracking.mlflow.tracker import MlflowTracker

    tracker = MlflowTracker(server.url, experiment)
    for record in outcome.trials:
        track_trial(tracker, SEED, record, blurred=True)
    tracker.close(240.0)


def _logged(server: MlflowServer, experiment: str) -> int:
    """Distinct trials with a finished run. A trial with two runs counts as missing."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=server.url)
    found = client.get_experiment_by_name(experiment)
    runs = client.search_runs([found.experiment_id], "tags.`huanhua.kind` = 'trial'") if found else []
    ended = [run.data.tags["huanhua.trial"] for run in runs if run.info.status == "FINISHED"]
    return 2 * len(set(ended)) - len(runs)


def database_restarted(folder: Path) -> dict[str, Any]:
    """A study whose PostgreSQL is killed and started again twice, compared with the same study in SQLite."""
    from studies.testing.postgres import postgres
    from studies.tracking.memory import MemoryTracker

    folder.mkdir()
    restarts = 0
    with postgres() as server:

        def restart(done: TrialEvent) -> None:
            nonlocal restarts
            if done.count in (TRIALS // 3, 2 * TRIALS // 3):
                server.stop("immediate")
                server.start()
                restarts += 1

        shared = {"storage": server.url}
        _, outcome = _run(_study(folder / "shared", tracking=shared), MemoryTracker(), restart)
    _, undisturbed = _run(_study(folder / "own"), MemoryTracker(), lambda done: None)
    return {
        "postgres_restarts": restarts,
        "postgres_trials": len(outcome.trials),
        "postgres_same_as_undisturbed": [t.judged for t in outcome.trials] == [t.judged for t in undisturbed.trials],
    }

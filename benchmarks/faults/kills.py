"""Kills studies at named points and at random, and counts what is lost, doubled or unreadable afterwards."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

if TYPE_CHECKING:
    pass

from benchmarks.faults.killed import BUDGET, key_of, study_at

ROOT: Final = Path(__file__).resolve().parents[2]
POINTS: Final = ("image", "commit", "tracker")


@dataclass
class Count:
    kills: int = 0
    by_point: dict[str, int] = field(default_factory=dict)
    trials_lost: int = 0
    trials_doubled: int = 0
    unreadable: int = 0
    studies: int = 0
    mlflow_wrong: int = 0
    otherwise: int = 0


def kill_many(folder: Path, kills: int) -> dict[str, Any]:
    rng = random.Random(0)
    count = Count()
    plan = [*(POINTS[i % len(POINTS)] for i in range(kills // 2)), *["random"] * (kills - kills // 2)]
    rng.shuffle(plan)
    began = time.monotonic()
    undisturbed = _undisturbed(folder / "undisturbed")
    seconds = time.monotonic() - began
    while plan:
        place = folder / f"study-{count.studies}"
        printed: list[str] = []
        while plan:
            point = plan[-1]
            died = _run_and_kill(place, point, rng, printed, seconds)
            if died:
                plan.pop()
                count.kills += 1
                count.by_point[point] = count.by_point.get(point, 0) + 1
            _check(place, printed, count)
            if not died:
                break
        if died:
            _run_and_kill(place, "none", rng, printed)
            _check(place, printed, count)
        count.studies += 1
        count.otherwise += _keys(place) != undisturbed
        count.mlflow_wrong += not _mlflow_whole(place, len(undisturbed))
        print(f"{count.kills} kills, {count.studies} studies", file=sys.stderr)
    return {
        "kills": count.kills,
        "kills_by_point": count.by_point,
        "trials_lost": count.trials_lost,
        "trials_doubled": count.trials_doubled,
        "unreadable_workspaces": count.unreadable,
        "studies_ended": count.studies,
        "studies_that_found_other": count.otherwise,
        "studies_wrong_in_mlflow": count.mlflow_wrong,
    }


def _undisturbed(place: Path) -> list[str]:
    _run_and_kill(place, "none", random.Random(0), [])
    return _keys(place)


def _run_and_kill(place: Path, point: str, rng: random.Random, printed: list[str], seconds: float = 0.0) -> bool:
    """Whether it died. What it printed as done is added to `printed`."""
    passes = {"image": 25, "commit": 60, "tracker": BUDGET}.get(point, 0)
    command = [sys.executable, "-m", "benchmarks.faults.killed", str(place), "7", point, str(rng.randint(1, max(passes, 1)))]
    place.mkdir(parents=True, exist_ok=True)
    with (place / "stderr").open("ab") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=-1, stderr=errors)
        if point == "random":
            # From before the libraries are loaded to after the last trial is logged.
            try:
                process.wait(rng.uniform(0.1, 0.7) * seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        out, _ = process.communicate(timeout=900)
    printed += [line.removeprefix("done ") for line in out.decode().splitlines() if line.startswith("done ")]
    if process.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"the study failed by itself: {(place / 'stderr').read_text()[-2000:]}")
    return process.returncode != 0


def _keys(place: Path) -> list[str]:
    from studies.run.trials import trial_store_of

    return [key_of(trial.params) for trial in trial_store_of(study_at(place), 7).finished()]


def _check(place: Path, printed: Sequence[str], count: Count) -> None:
    try:
        stored = _keys(place) if (place / "workspace" / "optuna.db").exists() else []
        for file in (place / "workspace").rglob("*"):
            if file.name.startswith(".") or "mlflow" in str(file):
                continue
            if file.suffix == ".json":
                json.loads(file.read_text(encoding="utf-8"))
            elif file.suffix == ".png":
                with Image.open(file) as image:
                    image.load()
    except Exception as error:  # whatever it is, this workspace cannot be read
        print(f"unreadable: {place}: {error!r}", file=sys.stderr)
        count.unreadable += 1
        return
    count.trials_lost += len(set(printed) - set(stored))
    count.trials_doubled += len(stored) - len(set(stored))


def _mlflow_whole(place: Path, trials: int) -> bool:
    from mlflow import MlflowClient

    from studies.tracking.mlflow.tracker import local_store

    client = MlflowClient(tracking_uri=local_store(place / "workspace")[0])
    experiment = client.get_experiment_by_name("outfit")
    if experiment is None:
        return False
    runs = client.search_runs([experiment.experiment_id], "tags.`huanhua.kind` = 'trial'")
    ended = [run.data.tags["huanhua.trial"] for run in runs if run.info.status == "FINISHED"]
    return len(ended) == len(set(ended)) == len(runs) == trials

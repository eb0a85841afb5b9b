"""What a run survives, counted: kills at named points and at random, replays, bad files, and what a second worker gives.

    python benchmarks/faults/__main__.py [--quick] [--kills N] [--folder DIR] [--hostile] [--servers] [--ray]

A kill is SIGKILL to a process of its own that runs a whole study: real storage, search and MLflow, with images and observations
by fakes that cost some milliseconds. Half of the kills fall at named points, half at random times. Every trial that a process
told of as done is looked for afterwards, whatever the storage says; every file of the workspace is opened. At its end a study
must have found, trial by trial, what an undisturbed one finds, and MLflow must hold each trial once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from optimizer.point import Job
    from optimizer.render.decode import NotDrawn
    from studies.study import Study

POINTS: Final = ("image", "commit", "tracker")
BUDGET: Final = 14
IMAGE_S: Final = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 kills, 2000 replays")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--folder", type=Path, help="where the studies are made; a temporary folder by default")
    parser.add_argument("--hostile", action="store_true", help="the bad files alone")
    parser.add_argument("--servers", action="store_true", help="servers that go away in mid-study, alone")
    parser.add_argument("--ray", action="store_true", help="what a second Ray worker gives, and workers that are killed; alone")
    parser.add_argument("--child", nargs=4, metavar=("FOLDER", "SEED", "POINT", "COUNT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(Path(given.child[0]), int(given.child[1]), given.child[2], int(given.child[3]))
        return
    if given.servers or given.ray:
        told(apart(given.folder, servers=given.servers, ray=given.ray, quick=given.quick))
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        kills = 0 if given.hostile else given.kills if given.kills is not None else 20 if given.quick else 100
        counted = kill_many(Path(scratch), kills) if kills else {"kills": 0}
        replayed = {} if given.hostile else replays(Path(scratch) / "replayed", 2000 if given.quick else 10_000)
        hostile = bad_inputs(Path(scratch) / "hostile", 6 if given.quick else 24)
    told({**counted, **replayed, **hostile, "ray_speedup": None})


def apart(folder: Path | None, *, servers: bool, ray: bool, quick: bool) -> dict[str, Any]:
    """What needs servers or Ray beside what every installation has."""
    from benchmarks.service.ray_workers import ray_speedup, workers_killed
    from benchmarks.tracking.servers_away import database_restarted, mlflow_away

    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        if servers:
            found |= mlflow_away(Path(scratch) / "mlflow", rounds=1 if quick else 3)
            found |= database_restarted(Path(scratch) / "postgres")
        if ray:
            found |= ray_speedup(quick=quick)
            found |= workers_killed(Path(scratch) / "ray", trials=6 if quick else 20)
    return found


def told(found: dict[str, Any]) -> None:
    for name, value in found.items():
        print(f"{name:<24} {value}")
    print(json.dumps(found))


# The process that is killed.


def child(folder: Path, seed: int, point: str, count: int) -> None:
    """Runs the study at `seed` until it ends or dies at the `count`-th time that it passes `point`."""
    import warnings

    warnings.simplefilter("ignore")
    from studies.cli.progress.console import be_quiet

    be_quiet()
    from studies.run.before_trials import judge_for
    from studies.run.lease import only_runner
    from studies.run.seed_search import run_seed
    from studies.tracking.mlflow.tracker import MlflowTracker, local_store

    passed = Passed(point, count)
    study = study_at(folder, passed)
    study.workspace.make()
    uri, artifacts = local_store(study.workspace.root)
    if point == "commit":
        passed.at_commits()

    class Tracker(MlflowTracker):
        def log_trial(self, *told: Any) -> None:
            passed.one("tracker")
            super().log_trial(*told)

    with only_runner(study.storage_url, study.spec.name, lambda line: print(line, flush=True)) as lease:
        tracker = Tracker(uri, study.spec.name, artifacts)
        judge, _ = judge_for(study, seed, lambda: None)
        print("searching", flush=True)
        run_seed(
            study, seed, judge=judge, budget=BUDGET, tracker=tracker, may_write=lease.check,
            told=lambda done: print(f"done {key_of(done.record.judged.point.weights)}", flush=True),
        )  # fmt: skip
        missing = tracker.close()
    print(f"ended {len(missing.titles)}", flush=True)


@dataclass
class Passed:
    """Dies when `point` was passed `left` times."""

    point: str
    left: int

    def one(self, point: str) -> None:
        if point != self.point:
            return
        self.left -= 1
        if self.left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def at_commits(self) -> None:
        from sqlalchemy import Engine, event

        event.listen(Engine, "commit", lambda connection: self.one("commit"))


def study_at(folder: Path, passed: Passed | None = None) -> Study:
    from optimizer.evaluate.base import Evaluation
    from optimizer.evaluate.evaluator import LocalEvaluator
    from optimizer.evaluate.image_cache import CachedRenderer
    from optimizer.point import Point
    from scorers.testing.fake_observer import FakeObserver
    from studies.testing.painter import Painter
    from studies.testing.study_in import seen, study_in

    @dataclass
    class Slow(Painter):
        def render(self, jobs: Sequence[Job]) -> list[Image.Image | NotDrawn]:
            time.sleep(IMAGE_S)
            return super().render(jobs)

    @dataclass
    class Watched(LocalEvaluator):
        def evaluate(self, seed: int, point: Point) -> Evaluation:
            found = super().evaluate(seed, point)
            if passed is not None:
                passed.one("image")
            return found

    study = study_in(folder)
    cached = CachedRenderer(Slow(), study.workspace.images)
    study.__dict__["evaluator"] = Watched(cached, FakeObserver(seen), "fake")
    return study


def key_of(weights: Any) -> str:
    return json.dumps(dict(sorted(weights.items())))


# The one that kills and counts.


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
        told: list[str] = []
        while plan:
            point = plan[-1]
            died = _run_and_kill(place, point, rng, told, seconds)
            if died:
                plan.pop()
                count.kills += 1
                count.by_point[point] = count.by_point.get(point, 0) + 1
            _look(place, told, count)
            if not died:
                break
        if died:
            _run_and_kill(place, "none", rng, told)
            _look(place, told, count)
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


def _run_and_kill(place: Path, point: str, rng: random.Random, told: list[str], seconds: float = 0.0) -> bool:
    """Whether it died. What it told of as done is added to `told`."""
    passes = {"image": 25, "commit": 60, "tracker": BUDGET}.get(point, 0)
    command = [sys.executable, __file__, "--child", str(place), "7", point, str(rng.randint(1, max(passes, 1)))]
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
    told += [line.removeprefix("done ") for line in out.decode().splitlines() if line.startswith("done ")]
    if process.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"the study failed by itself: {(place / 'stderr').read_text()[-2000:]}")
    return process.returncode != 0


def _keys(place: Path) -> list[str]:
    from studies.run.trials import trial_store_of

    return [key_of(trial.params) for trial in trial_store_of(study_at(place), 7).finished()]


def _look(place: Path, told: Sequence[str], count: Count) -> None:
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
    count.trials_lost += len(set(told) - set(stored))
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


def replays(folder: Path, trials: int) -> dict[str, Any]:
    """Judges the trials of a stored study again and again: resident memory after a tenth of them, and at the end."""
    import gc

    import psutil

    from studies.run.before_trials import judge_for
    from studies.run.trials import stored_outcome
    from studies.testing.study_in import run

    stored = len(run(study_at(folder), budget=100).trials)

    def replay() -> None:
        study = study_at(folder)
        judge, _ = judge_for(study, 7, lambda: None)
        stored_outcome(study, 7, judge)

    rounds = -(-trials // stored)
    sizes = []
    for _ in range(rounds):
        replay()
        gc.collect()
        sizes.append(psutil.Process().memory_info().rss)
    early, late = sizes[rounds // 10], sizes[-1]
    return {"replayed_trials": rounds * stored, "memory_mb": round(late / 2**20), "memory_growth": round(late / early - 1, 4)}


def bad_inputs(folder: Path, each: int) -> dict[str, Any]:
    """Files that every door was tried with: how many different ones were refused, and what should not have come of any."""
    import hashlib
    import warnings

    from studies.testing.hostile.corpus import bad_files
    from studies.testing.hostile.doors import doors, tried

    warnings.simplefilter("ignore")
    folder.mkdir()
    canary, given = folder / "canary", folder / "in"
    given.mkdir()
    refused: set[str] = set()
    tracebacks = changed = 0
    for door in doors():
        for wrong, data in bad_files(door, doors(), canary, each=each):
            path = given / f"given{door.suffix}"
            path.write_bytes(data)
            try:
                line = tried(door, path)
            except Exception as error:  # whatever it is, it should have been one line
                print(f"{door.name}{door.suffix}, {wrong}: {error!r}", file=sys.stderr)
                tracebacks += 1
                continue
            if line is not None:
                refused.add(hashlib.sha256(f"{door.name}{door.suffix}".encode() + data).hexdigest())
                changed += path.read_bytes() != data or [p.name for p in given.iterdir()] != [path.name]
            changed += canary.exists()
            for left in given.iterdir():
                left.unlink()
    return {"bad_inputs": len(refused), "bad_input_tracebacks": tracebacks, "bad_input_files_changed": changed}


if __name__ == "__main__":
    main()

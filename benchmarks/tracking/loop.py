"""The loop that draws, stores and logs: each side with its own study, turn by turn."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median

from PIL import Image

from optimizer.point import Job, Point
from optimizer.search.strategy import Proposal
from optimizer.trial_store.store import TrialStore
from studies.run.calibration import calibrate
from studies.run.compatibility import store_fingerprint
from studies.run.judge import Judge
from studies.run.outcome import TrialRecord
from studies.run.trials import store_trial, track_trial, trial_store_of
from studies.study import Study
from studies.testing.fake_study import fake_study
from studies.tracking.base import Tracker
from studies.tracking.memory import MemoryTracker
from studies.tracking.mlflow.tracker import MlflowTracker, local_store

SEED = 7


SIZE = (128, 192)


PAUSE_S = 0.25
"""Between images: the time in which a renderer would draw one."""


@dataclass
class Side:
    """One way to run the loop, and the seconds that each image took in it."""

    study: Study
    judge: Judge
    trial_store: TrialStore | None = None
    tracker: Tracker | None = None
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def step(self, point: Point) -> None:
        began, busy = time.perf_counter(), time.thread_time()
        if self.trial_store is None:
            self.judge.judge(self.study.evaluator.evaluate(SEED, point))
        else:
            record = draw(self.study, self.judge, self.trial_store, point)
            if self.tracker is not None:
                track_trial(self.tracker, SEED, record, blurred=True)
        self.seconds.append(time.perf_counter() - began)
        self.cpu.append(time.thread_time() - busy)


def loop(folder: Path, images: int, stack: ExitStack) -> dict[str, Side]:
    """All sides, each with its own study, turn by turn. The first image of each is left out: it opens what the others use."""
    sides = {name: Side(*opened(folder / name)) for name in ("bare", "stored", "tracked", "dead")}
    for name, side in sides.items():
        side.trial_store = None if name == "bare" else trial_store_of(side.study, SEED)
    uri, artifacts = local_store(sides["tracked"].study.workspace.root)
    sides["stored"].tracker = MemoryTracker()
    sides["tracked"].tracker = MlflowTracker(uri, "benchmark", artifacts)
    sides["dead"].tracker = MlflowTracker(stack.enter_context(silent_server()), "benchmark")
    for point in points(images + 1):
        for side in sides.values():
            time.sleep(PAUSE_S)
            side.step(point)
    for name in ("dead", "tracked"):
        tracker = sides[name].tracker
        assert tracker is not None
        missing = tracker.close(1.0 if name == "dead" else 600.0)
        print(f"{name:<8} {len(missing.titles)} records not logged", file=sys.stderr)
        if name == "tracked" and missing.titles:
            raise SystemExit(f"MLflow's SQLite did not take everything: {missing.reason}")
    for side in sides.values():
        del side.seconds[0], side.cpu[0]
    return sides


def opened(folder: Path) -> tuple[Study, Judge]:
    study = fake_study(folder, size=SIZE, paint=noise)
    judge = calibrate(study, SEED).judge
    return study, judge


def draw(study: Study, judge: Judge, trial_store: TrialStore, point: Point) -> TrialRecord:
    return store_trial(study, SEED, judge, trial_store, Proposal(point, "search"), study.evaluator.evaluate(SEED, point))


def noise(job: Job) -> Image.Image:
    """A picture that compresses badly, as photographs do."""
    return Image.effect_noise(SIZE, 40 + 20 * sum(job.point.weights.values())).convert("RGB")


def points(count: int) -> Iterator[Point]:
    """Distinct ones, from all over the grid."""
    for i in range(count):
        yield Point({"face": (i % 19 + 1) / 20, "dress": (7 * i // 19 % 21) / 20, "shoes": (i // 133 % 21) / 20}, 5.0)


@contextmanager
def silent_server() -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def stored(folder: Path, trials: int) -> Path:
    """A study of so many trials, as a run leaves it."""
    study, judge = opened(folder)
    trial_store = trial_store_of(study, SEED)
    store_fingerprint(study, trial_store)
    for point in points(trials):
        draw(study, judge, trial_store, point)
    return folder


def report(sides: dict[str, Side]) -> dict[str, float | None]:
    """Milliseconds an image: means of what one side takes over another, turn by turn."""
    over: Callable[[str, str], list[float]] = lambda one, other: [  # noqa: E731
        1000 * (a - b) for a, b in zip(sides[one].seconds, sides[other].seconds, strict=True)
    ]
    return {
        "overhead_ms_per_image": mean(over("tracked", "bare")),
        "overhead_ms_median": median(over("tracked", "bare")),
        "overhead_cpu_ms": 1000 * (mean(sides["tracked"].cpu) - mean(sides["bare"].cpu)),
        "storage_ms_per_image": mean(over("stored", "bare")),
        "blocked_ms_dead_server": max(0.0, mean(over("dead", "stored"))),
        "blocked_ms_median": max(0.0, median(over("dead", "stored"))),
    }

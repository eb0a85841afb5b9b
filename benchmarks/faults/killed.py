"""The process that is killed: a whole study that dies when it passes a point for the n-th time.

    python -m benchmarks.faults.killed FOLDER SEED POINT COUNT

`POINT` is image, commit, tracker or none. Each finished trial is printed before anything else happens.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

if TYPE_CHECKING:
    from optimizer.point import Job
    from optimizer.render.decode import NotDrawn
    from studies.study import Study

BUDGET: Final = 14
IMAGE_S: Final = 0.02


def child(folder: Path, seed: int, point: str, count: int) -> None:
    """Runs the study at `seed` until it ends or dies at the `count`-th time that it passes `point`."""
    import warnings

    warnings.simplefilter("ignore")
    from models.io.quiet import be_quiet

    be_quiet()
    from studies.run.calibration import calibrate
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
        def log_trial(self, *given: Any) -> None:
            passed.one("tracker")
            super().log_trial(*given)

    with only_runner(study.storage_url, study.spec.name, lambda line: print(line, flush=True)) as lease:
        tracker = Tracker(uri, study.spec.name, artifacts)
        judge = calibrate(study, seed).judge
        print("searching", flush=True)
        run_seed(
            study, seed, judge=judge, budget=BUDGET, tracker=tracker, may_write=lease.check,
            on_trial=lambda done: print(f"done {key_of(done.record.judged.point.weights)}", flush=True),
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
    """A study on fakes that calls `passed` whenever an image was drawn and stored."""
    from optimizer.evaluate.base import Evaluation
    from optimizer.evaluate.local_evaluator import LocalEvaluator
    from optimizer.point import Point
    from scorers.testing.fake_observer import FakeObserver
    from studies.testing.fake_backend import FakeBackend, facts_of
    from studies.testing.lab_study import seen, study_in
    from studies.testing.painting_renderer import Painter

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

    class Watching(FakeBackend):
        def evaluator(self, *given: Any) -> Watched:
            made = super().evaluator(*given)
            return Watched(made.renderer, made.cache, made.observer)

    study = study_in(folder)
    return study.on(Watching(Slow(), FakeObserver(seen), facts_of(study.spec.loras)))


def key_of(weights: Any) -> str:
    return json.dumps(dict(sorted(weights.items())))


if __name__ == "__main__":
    child(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))

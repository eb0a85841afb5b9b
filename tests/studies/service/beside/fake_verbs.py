"""A folder whose picture hands alone block, and `huanhua mend` and `enlarge` of it on fakes, each a process of its own.

python -m tests.studies.service.beside.fake_verbs SECONDS worker ROOT          the worker, whose jobs are these
python -m tests.studies.service.beside.fake_verbs SECONDS VERB FOLDER WORDS    a job; each redrawing takes so many seconds
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from optimizer.render.decode import NotDrawn
from optimizer.render.inpainting.base import Redrawing
from scorers.testing.fake_observer import FakeObserver
from studies.pipeline import run_study
from studies.service.queue import worker
from studies.service.queue.jobs import Job
from studies.service.queue.keeper import Keeper
from studies.service.rooms import Rooms
from studies.study import Study
from studies.testing.fake_backend import FakeBackend
from studies.testing.fake_study import fake_study, opened_on
from studies.tracking.memory import MemoryTracker
from tests.studies.mending.test_mending import SEED, World, seen

SIZE = (64, 96)
MODULE = "tests.studies.service.beside.fake_verbs"


@dataclass
class SlowWorld(World):
    seconds: float = 0.0

    def inpaint(self, redrawings: Sequence[Redrawing]) -> list[Image.Image | NotDrawn]:
        time.sleep(self.seconds * len(redrawings))
        return super().inpaint(redrawings)


def opened(folder: Path, seconds: float = 0.0) -> Study:
    found = opened_on(folder, SlowWorld(SIZE, seconds=seconds))
    assert isinstance(found.backend, FakeBackend)
    found.backend.observing = FakeObserver(seen)
    return found


def broken_hands(folder: Path) -> Path:
    """A study that was run: the face is enough only where hands are broken."""
    fake_study(folder, name="outfit")
    file = folder / "study.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("face: 0.4", "face: 0.8"), encoding="utf-8")
    run_study(opened(folder), [SEED], trials=20, tracker=MemoryTracker())
    return folder


def on_fakes(patch: pytest.MonkeyPatch, seconds: float = 0.0) -> None:
    """Jobs of this process's worker, and of the workers that its keepers start, are fakes with the true commands' words."""
    real = worker.command_of

    def command(folder: Path, job: Job) -> list[str]:
        words = real(folder, job)
        return [sys.executable, "-m", MODULE, str(seconds), *words[words.index("huanhua") + 3 :]]

    def start(self: Keeper) -> subprocess.Popen[bytes]:
        self._rooms.state.mkdir(exist_ok=True)
        command = [sys.executable, "-m", MODULE, str(seconds), "worker", str(self._rooms.root)]
        with (self._rooms.state / "worker.log").open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    patch.setattr(worker, "command_of", command)
    patch.setattr(Keeper, "_start", start)


def main(seconds: float, words: Sequence[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if words[0] == "worker":
            on_fakes(patch, seconds)
            worker.work(Rooms(Path(words[1])))
            return
        from studies.cli.app import main as huanhua

        patch.setattr("studies.tracking.study_tracker.open_study_tracker", lambda study, capacity=512: MemoryTracker())
        for verb in ("mend", "enlarge"):
            patch.setattr(f"studies.cli.{verb}.open_study", lambda folder, *given: opened(folder, seconds))
        sys.argv[1:] = ["--lang", "en", *words]
        huanhua()


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])

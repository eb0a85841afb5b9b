"""In the place of `huanhua run --json` for the benchmark of the service: a whole study on fakes whose images take a while.

python -m benchmarks.service.fake_run FOLDER TRIALS SECONDS
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

    from optimizer.point import Job
    from optimizer.render.decode import NotDrawn
    from studies.callback import SeedCallback, SeedPlan, TrialEvent

SEED = 7


def run(folder: Path, trials: int, seconds: float) -> None:
    from studies.callback import SilentCallback
    from studies.pipeline import run_study
    from studies.testing.fake_study import FakeWorld, opened_on
    from studies.tracking.memory import MemoryTracker

    class Slow(FakeWorld):
        def render(self, jobs: Sequence[Job]) -> list[Image.Image | NotDrawn]:
            time.sleep(seconds * len(jobs))
            return super().render(jobs)

    class Told(SilentCallback):
        @contextmanager
        def seed(self, plan: SeedPlan) -> Iterator[SeedCallback]:
            write("plan", seed=plan.seed, images=plan.images, stored=plan.stored, expected=plan.expected, seconds=plan.seconds)
            yield ToldSeed()

    study = opened_on(folder, Slow((64, 96)))
    outcomes = run_study(study, [SEED], trials=trials, tracker=MemoryTracker(), callback=Told())
    write("done", seeds=[SEED], picked=[outcome.seed for outcome in outcomes if outcome.pick])


class ToldSeed:
    def on_calibration_image(self) -> None: ...

    def on_trial(self, event: TrialEvent) -> None:
        write("trial", seed=SEED, **event.record.as_json(), best=None, images_left=0, seconds_left=0, written=time.time())


def write(event: str, **fields: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))

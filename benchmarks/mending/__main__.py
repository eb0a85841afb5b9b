"""How many broken hands of the lab's pictures mending makes whole without breaking anything else.

    python -m benchmarks.mending [--quick] [--folder DIR] [--tries N] [--strength S] [--padding P] [--picture OUT.webp]
                                 [--control] [--control-strength S]

Pictures of the lab's two studies with broken hands, at most five of each seed whose landscape ships and has any, spread from the
largest total weight down; `--quick` takes one of each. What 0 and 1 mean is calibrated as a run does. Each is mended as
`huanhua mend STUDY --parts hands` does, with its defaults unless options say otherwise. A picture counts as mended where hands
are within what the study allows and no other requirement is violated that was not before, or by more. Told apart are hands that
are seen and broken, and pictures in which a hand is gone: there a whole arm has to come back.

`--control` has the lab's ControlNet of edges lead the hands, as `huanhua mend STUDY --parts hands --control FILE --hint canny`.

`--folder` keeps the studies and what was found: what was mended with the same settings is not mended again. `--picture` draws the
first mended ones, before and after. Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image

from benchmarks.lab_study import lab_study
from benchmarks.mending.broken import broken_points
from benchmarks.mending.picture import before_and_after
from models.io.files import write_whole
from optimizer.point import Job
from scorers.score.hands import HANDS
from scorers.score.missing_hands import hands_lost
from studies.drawing.told_job import told_job
from studies.mending.control import STRENGTH, MendControl, leading
from studies.mending.job import CELL
from studies.mending.mend import Mender, State
from studies.mending.parts import PARTS
from studies.mending.tries import TRIES, Tries
from studies.paperdoll.bundle import WEIGHTS
from studies.run.calibration import calibrate
from studies.run.judge import Judge
from studies.study import Study

OF_EACH: Final = 5
FOUND: Final = "mended.json"


@dataclass(frozen=True)
class How:
    """How pictures are mended."""

    tries: Tries
    control: MendControl | None

    def key(self, name: str) -> str:
        held = "" if self.control is None else f", ControlNet {self.control.strength}"
        return f"{name} | {self.tries.count} tries, strength {self.tries.strength}, padding {self.tries.padding}{held}"

    def file(self, name: str) -> str:
        held = "" if self.control is None else f"-control-{self.control.strength}"
        return f"{name}-{self.tries.count}-{self.tries.strength}-{self.tries.padding}{held}".replace(" ", "-")


@dataclass(frozen=True)
class Found:
    """One picture with broken hands, and what mending came to."""

    name: str
    lost: bool
    """Whether a hand is gone, beside or in place of being broken."""
    mended: bool
    hands: tuple[float, float]
    """By how much the requirement was missed before and after."""
    pictures: tuple[str, str]
    redrawn: int
    """Places that were redrawn and kept."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--folder", type=Path)
    options.add_argument("--tries", type=int, default=TRIES)
    options.add_argument("--strength", type=float)
    options.add_argument("--padding", type=float)
    options.add_argument("--picture", type=Path)
    options.add_argument("--control", action="store_true")
    options.add_argument("--control-strength", type=float, default=STRENGTH)
    asked = options.parse_args()
    control = MendControl(WEIGHTS / "control", "canny", strength=asked.control_strength) if asked.control else None
    how = How(Tries(asked.tries, asked.strength, asked.padding).of_mend(led=control is not None), control)
    with tempfile.TemporaryDirectory() as scratch:
        found = list(mended(asked.folder or Path(scratch), how, 1 if asked.quick else OF_EACH))
        if asked.picture:
            before_and_after([one.pictures for one in found if one.mended], asked.picture)
    print(json.dumps({name: round(value, 4) for name, value in summary(found).items()}))
    return 0


def mended(folder: Path, how: How, of_each: int) -> Iterator[Found]:
    """Of each picture, those that were mended earlier with the same settings too."""
    for lab, seed, points in broken_points(of_each):
        study = lab_study(folder, lab)
        judge: Judge | None = None
        for point in points:
            name = f"{lab.name} {seed} {' '.join(f'{weight:.2f}' for weight in point.weights.values())}"
            known = _read(folder).get(how.key(name))
            if known is None:
                judge = judge or calibrate(study, seed).judge
                known = one_mended(study, judge, Job(seed, point), name, folder, how)
                write_whole(folder / FOUND, json.dumps({**_read(folder), how.key(name): known}, indent=1).encode())
            if known:
                found = Found(**known)
                report(found)
                yield found


def one_mended(study: Study, judge: Judge, job: Job, name: str, folder: Path, how: How) -> dict[str, Any]:
    """What is kept of one picture; nothing where its hands are not broken after all."""
    seen = study.evaluator.evaluate(job.seed, job.point)
    drawn, largest = leading(study, how.control), study.spec.draw.largest_seed
    told = told_job(drawn.study, job.seed, drawn.led(job.point))
    inpainter, led = drawn.study.backend.inpainter(), how.control is not None
    mender = Mender(inpainter, study.observer, judge.images, told, CELL, how.tries, largest, led)
    with Image.open(seen.image) as stored:
        before = mender.state(stored.convert("RGB"))
    if before.violations[HANDS.name] <= 0:
        return {}
    after = mender.mended(before.picture, [PARTS["hands"]])
    places = tuple(str(_saved(folder, f"{how.file(name)}-{when}.png", state)) for when, state in _both(before, after))
    lost = hands_lost(before.observation, judge.images.plain or judge.images.locked, judge.images.locked) > 0
    hands = (before.violations[HANDS.name], after.violations[HANDS.name])
    return asdict(Found(name, lost, hands[1] <= 0, hands, (places[0], places[1]), len(after.redrawn)))


def _both(before: State, after: State) -> list[tuple[str, State]]:
    return [("before", before), ("after", after)]


def _saved(folder: Path, name: str, state: State) -> Path:
    place = folder / "pictures" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    state.picture.save(place)
    return place


def _read(folder: Path) -> dict[str, Any]:
    place = folder / FOUND
    return dict(json.loads(place.read_text())) if place.exists() else {}


def report(found: Found) -> None:
    what = "whole" if found.mended else "not whole"
    kind = "a hand gone" if found.lost else "broken"
    print(f"{found.name:<46} {kind:<12} hands miss by {found.hands[0]:+.2f} -> {found.hands[1]:+.2f}  {what}", flush=True)


def summary(found: list[Found]) -> dict[str, float]:
    broken, lost = ([one for one in found if one.lost is gone] for gone in (False, True))

    def share(of: list[Found]) -> float:
        return sum(one.mended for one in of) / max(1, len(of))

    return {
        "hands_mended": share(found),
        "pictures": float(len(found)),
        "broken_mended": share(broken),
        "broken": float(len(broken)),
        "gone_mended": share(lost),
        "gone": float(len(lost)),
    }


if __name__ == "__main__":
    sys.exit(main())

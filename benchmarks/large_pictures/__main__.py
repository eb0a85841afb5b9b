"""What redrawing the lab's picks in tiles keeps, and what it is worth.

    python -m benchmarks.large_pictures [--quick] [--hidden] [--by 2] [--strength S] [--folder DIR] [--picture OUT.webp]

The cheapest feasible point of each landscape that ships, of the studies that settings were chosen on, or with `--hidden` of those
that nothing was; `--quick` takes one of each study. Each is enlarged by Lanczos and redrawn as `huanhua enlarge STUDY --redraw`
does, at its defaults unless options say otherwise; besides, once at each strength alone, to see what each of them breaks. No real
upscaler is here: what one adds was not measured.

A picture counts as kept where its redrawing violates nothing that the pick's own picture did not. Sharpness is a multiple of the
enlarged picture's. `seam` is the step across tiles' borders beside that elsewhere, `seam_sharpness` the sharpness there, both
beside the enlarged picture's: 1 is no seam.

`--folder` keeps the studies and the pictures. `--picture` draws some, before and after. Prints a table for people and, as its
last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING, Final

from PIL import Image

from benchmarks.lab_study import lab_study
from benchmarks.large_pictures.looks import seams, sharpness
from benchmarks.large_pictures.picks import picks
from benchmarks.large_pictures.picture import before_and_after
from benchmarks.search.lab_studies import HIDDEN, OPEN
from optimizer.point import Job
from optimizer.render.tiling.redraw import TiledRedraw
from studies.enlarging.enlarge import enlarged
from studies.enlarging.redraw import Look, Seen, redrawn
from studies.enlarging.settings import BY, Enlarging
from studies.run.calibration import calibrate

if TYPE_CHECKING:
    from studies.paperdoll.study import LabStudy
    from studies.run.beside.judged_picture import JudgedPicture

ALONE: Final = (0.1, 0.15, 0.2, 0.25, 0.35)
ASKED: Final = 0
"""Stands for the strengths of a command's defaults among those that are drawn alone."""


@dataclass(frozen=True)
class Found:
    """One pick, and what a redrawing came to."""

    name: str
    strength: float
    """`ASKED` for the command's own tries."""
    kept: float
    """The strength that was kept; 0 for none."""
    breaks: tuple[str, ...]
    """What the last try that was not kept breaks."""
    face: tuple[float, float]
    """By how much the face's requirement was missed before and after; after is what is kept."""
    drift: tuple[float, float]
    sharp: float
    seam: float
    seam_sharp: float
    seconds: float
    pictures: tuple[Path, Path]
    """Enlarged alone, and what is kept."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--hidden", action="store_true", help="the studies that no setting was chosen on")
    options.add_argument("--by", type=float, default=BY)
    options.add_argument("--strength", type=float)
    options.add_argument("--folder", type=Path)
    options.add_argument("--picture", type=Path)
    asked = options.parse_args()
    settings = Enlarging(asked.by, redraw=True, strength=asked.strength)
    with tempfile.TemporaryDirectory() as scratch:
        found = list(redrawings(asked.folder or Path(scratch), HIDDEN if asked.hidden else OPEN, settings, quick=asked.quick))
        if asked.picture:
            before_and_after([one.pictures for one in found if one.strength == ASKED and one.kept], asked.picture)
    for strength in sorted({one.strength for one in found}):
        print(
            _row("as asked" if strength == ASKED else f"{strength:g} alone", [one for one in found if one.strength == strength])
        )
    print(json.dumps({name: round(value, 4) for name, value in summary(found).items()}))
    return 0


def redrawings(folder: Path, studies: Sequence[LabStudy], settings: Enlarging, *, quick: bool) -> Iterator[Found]:
    """Of each pick, those at each strength alone after that of the command."""
    seen: set[str] = set()
    for lab, seed, point in picks(studies):
        if quick and lab.name in seen:
            continue
        seen.add(lab.name)
        alone = () if quick or settings.strength is not None else ALONE
        for one in of_pick(folder, lab, Job(seed, point), settings, alone):
            print(_line(one), flush=True)
            yield one


def of_pick(folder: Path, lab: LabStudy, job: Job, settings: Enlarging, alone: Sequence[float]) -> Iterator[Found]:
    study = lab_study(folder, lab)
    judge = calibrate(study, job.seed).judge.images
    with Image.open(study.evaluator.evaluate(job.seed, job.point).image) as stored:
        picture = stored.convert("RGB")
    look = Look(study.observer, judge, picture.size)
    before = look.at(picture)
    large = enlarged(picture, settings.size(picture.size), None)
    drawing = TiledRedraw(study.backend.inpainter(), job, picture.size, study.spec.draw.largest_seed)
    plain = _saved(folder, f"{lab.name}-{job.seed}-enlarged", large)
    for strength in (ASKED, *alone):
        began = time.monotonic()
        seen = redrawn(large, before, look, drawing, settings.strengths if strength == ASKED else (strength,))
        seconds = time.monotonic() - began
        place = _saved(folder, f"{lab.name}-{job.seed}-{strength:g}", seen.picture)
        yield _found(f"{lab.name} {job.seed}", strength, seen, before, (large, drawing), seconds, (plain, place))


def _found(
    name: str,
    strength: float,
    seen: Seen,
    before: JudgedPicture,
    drawn: tuple[Image.Image, TiledRedraw],
    seconds: float,
    pictures: tuple[Path, Path],
) -> Found:
    large, drawing = drawn
    kept = next((one.strength for one in seen.tries if not one.breaks and not one.failed), 0.0)
    breaks = next((one.breaks for one in reversed(seen.tries) if one.breaks), ())
    step, sharp = seams(seen.picture, large, drawing.size, drawing.overlap)
    face = before.violations["face"], seen.judged.violations["face"]
    drift = before.drift, seen.judged.drift
    return Found(name, strength, kept, breaks, face, drift, sharpness(seen.picture, large), step, sharp, seconds, pictures)


def _saved(folder: Path, name: str, picture: Image.Image) -> Path:
    place = folder / "pictures" / f"{name}.png"
    place.parent.mkdir(parents=True, exist_ok=True)
    picture.save(place)
    return place


def _line(one: Found) -> str:
    what = f"kept at {one.kept:g}" if one.kept else "not kept"
    broke = f", breaks {', '.join(one.breaks)}" if one.breaks else ""
    how = "as asked" if one.strength == ASKED else f"{one.strength:g} alone"
    return f"{one.name:<32} {how:<11} {what}{broke}; {one.seconds:.0f} s"


def _row(name: str, found: Sequence[Found]) -> str:
    values = summary(found, any_strength=True)
    shown = "  ".join(f"{key} {value:.2f}" for key, value in values.items())
    return f"{name:<11} {shown}"


def summary(found: Sequence[Found], *, any_strength: bool = False) -> dict[str, float]:
    """Of the command's own tries. Faces, drift, sharpness and seams are of pictures that were kept."""
    own = [one for one in found if any_strength or one.strength == ASKED]
    kept = [one for one in own if one.kept]

    def mean(values: list[float]) -> float:
        return fmean(values) if values else 0.0

    return {
        "kept_share": len(kept) / max(1, len(own)),
        "pictures": float(len(own)),
        "strength": mean([one.kept for one in kept]),
        "face_change": mean([one.face[1] - one.face[0] for one in kept]),
        "face_change_worst": max((one.face[1] - one.face[0] for one in kept), default=0.0),
        "drift_change": mean([one.drift[1] - one.drift[0] for one in kept]),
        "sharpness": mean([one.sharp for one in kept]),
        "seam": mean([one.seam for one in kept]),
        "seam_sharpness": mean([one.seam_sharp for one in kept]),
        "seconds": median([one.seconds for one in own]) if own else 0.0,
    }


if __name__ == "__main__":
    sys.exit(main())

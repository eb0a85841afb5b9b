"""The picture of the README: photos of three products, then one seed at no weight, at too little, at the pick and at too much.

    python -m benchmarks.lab.readme_picture OUT.webp [--seed N]

The demo's study with the LoRAs that ship. The pick is the search's own; under every image stands what it violates.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

from benchmarks.lab.tradeoff import Step, draw, lab_study
from dashboards.sheet import Cell, sheet
from studies.paperdoll.study import OUTFITS, SIZE
from studies.pipeline import run_study
from studies.run.calibration import calibrate
from studies.study import Study
from studies.tracking.memory import MemoryTracker

SEED: Final = 1426977430
PHOTO: Final = {"face": "IMG_0001.jpg", "dress": "IMG_0000.jpg", "shoes": "IMG_0000.jpg"}
TRIALS: Final = 24
TOO_LITTLE, WHOLE = 0.4, 1.0
QUALITY: Final = 82


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("out", type=Path)
    options.add_argument("--seed", type=int, default=SEED)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        study = lab_study(Path(scratch))
        cells = [*photos(study), *renders(study, given.seed)]
        sheet([cells], tall=SIZE[1] * 2).save(given.out, quality=QUALITY, method=6)
    return 0


def photos(study: Study) -> list[Cell]:
    """One photo of each product, cut to the ratio of the renders."""
    found = []
    for outfit in OUTFITS:
        with Image.open(study.root / "photos" / outfit.name / PHOTO[outfit.name]) as image:
            picture = ImageOps.fit(ImageOps.exif_transpose(image).convert("RGB"), (SIZE[0] * 2, SIZE[1] * 2))
        found.append(Cell(picture, ("photos become", f"the {outfit.name} LoRA")))
    return found


def renders(study: Study, seed: int) -> list[Cell]:
    """Weights of 0, too little, the pick, and 1: the same seed."""
    (outcome,) = run_study(study, [seed], trials=TRIALS, tracker=MemoryTracker())
    if outcome.pick is None:
        raise SystemExit(f"nothing is feasible at seed {seed}: name another")
    judge = calibrate(study, seed).judge
    names = list(study.space.weights)
    points = {
        "no LoRA": study.space.point(dict.fromkeys(names, 0.0)),
        "too little": study.space.point(dict.fromkeys(names, TOO_LITTLE)),
        "the pick": outcome.pick.point,
        "all at 1": study.space.point(dict.fromkeys(names, WHOLE)),
    }
    proved = outcome.proof is not None and outcome.proof.complete
    best = "meets all, none can be lower" if proved else "meets all"
    return [_cell(title, draw(study, judge, seed, point), best) for title, point in points.items()]


def _cell(title: str, step: Step, best: str) -> Cell:
    with Image.open(step.image) as file:
        picture = file.convert("RGB")
    weights = "  ".join(f"{name} {w:.2f}" for name, w in step.judged.point.weights.items())
    if title == "the pick":
        return Cell(picture, (title, weights, best), "pick")
    if not step.breaks:
        return Cell(picture, (title, weights, "meets all, for more weight"))
    return Cell(picture, (title, weights, f"misses {', '.join(step.breaks)}"), "bad")


if __name__ == "__main__":
    sys.exit(main())

"""The picture of docs/control.md: the same weights at rising strengths of the lab's ControlNet.

    python -m benchmarks.control.picture FOLDER OUT.webp

FOLDER is that of `python -m benchmarks.control --folder FOLDER`, which must have run the seeds.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from PIL import Image

from benchmarks.control.__main__ import NET, STRONG, controlled_study
from dashboards.sheet import Cell, sheet
from optimizer.control.control import Control
from optimizer.search.verdict import verdict_of
from studies.paperdoll.study import DEMO, OTHER, LabStudy
from studies.report.sheets.style import score_line
from studies.run.stored_results import stored
from studies.study import Study

SHOWN: Final[tuple[tuple[LabStudy, int], ...]] = ((DEMO, 2068406210), (OTHER, 1682416042))
SETTINGS: Final = (Control(0.0), Control(0.25), Control(0.5), Control(1.0), Control(1.0, 0.5))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("out", type=Path)
    asked = options.parse_args()
    rows = [row(controlled_study(asked.folder, study), seed) for study, seed in SHOWN]
    labels = ["locked image", "its edges", *(f"strength {one.strength:g}{'' if one.end >= 1 else ', half'}" for one in SETTINGS)]
    made = sheet(rows, title=f"All weights {STRONG:g}, two seeds", column_labels=labels)
    made.save(asked.out, quality=80, method=6)
    return 0


def row(study: Study, seed: int) -> list[Cell]:
    found = stored(study, seed)
    hints = study.hints
    assert hints is not None
    told = Image.fromarray(hints.of(seed).by_net[NET].picture)
    locked = study.everywhere.evaluate(seed, study.locked)
    cells = [Cell(opened(locked.image), ()), Cell(told, ())]
    start = replace(study.start, weights=dict.fromkeys(study.start.weights, STRONG))
    for control in SETTINGS:
        seen = study.evaluator.evaluate(seed, replace(start, controls={NET: control}))
        judged, scores = found.judge.judge(seen)
        broken = ", ".join(name for name, by in judged.violations.items() if not by <= 0)
        lines = (score_line(scores), "all met" if judged.feasible else f"breaks {broken}")
        cells.append(Cell(opened(seen.image), lines, mark=verdict_of(judged, None, 0.0)))
    return cells


def opened(file: Path) -> Image.Image:
    with Image.open(file) as stored_image:
        return stored_image.convert("RGB")


if __name__ == "__main__":
    sys.exit(main())

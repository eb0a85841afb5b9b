"""The picture of docs/schedules.md: the same weights of one seed in all steps, and with schedules.

    python -m benchmarks.schedules.picture FOLDER OUT.webp

FOLDER is that of `python -m benchmarks.schedules --folder FOLDER`, which must have found a pick for the seed.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from PIL import Image

from benchmarks.regions.picture import SEED, STRONG, STUDY
from dashboards.sheet import Cell, sheet
from optimizer.point import Point
from optimizer.schedules.schedule import Schedule
from optimizer.search.verdict import verdict_of
from studies.report.sheets.style import score_line
from studies.run.stored_results import stored
from studies.run.verdicts.weights import weights_line
from studies.study import open_study

LATER: Final = {"face": Schedule(0.25, 1), "dress": Schedule(0.25, 1)}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("out", type=Path)
    asked = options.parse_args()
    study = open_study(asked.folder / STUDY / "schedules-start.yaml")
    found = stored(study, SEED)
    pick = found.outcome.pick
    assert pick is not None

    def cell(point: Point) -> Cell:
        seen = study.evaluator.evaluate(SEED, point)
        judged, scores = found.judge.judge(seen)
        with Image.open(seen.image) as opened:
            picture = opened.convert("RGB")
        verdict = "all met" if judged.feasible else f"breaks {', '.join(n for n, by in judged.violations.items() if not by <= 0)}"
        lines = (*weights_line(point, {}, "\n").split("\n"), f"total {judged.cost:.2f}", score_line(scores), verdict)
        return Cell(picture, lines, mark=verdict_of(judged, None, 0.0))

    strong = replace(pick.point, weights=STRONG, schedules={})
    points = [strong, replace(strong, schedules=LATER), replace(pick.point, schedules={}), pick.point]
    labels = ["all steps", "two begin after a quarter", "all steps", "the pick"]
    made = sheet([[cell(point) for point in points]], title=f"Seed {SEED}: the same weights", column_labels=labels)
    made.save(asked.out, quality=82, method=6)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The picture of docs/regions.md: one seed that has no pick with its LoRAs everywhere, and its pick in regions.

    python -m benchmarks.regions.picture FOLDER OUT.webp

FOLDER is that of `python -m benchmarks.regions --folder FOLDER`, which must have found a pick for the seed.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from PIL import Image

from dashboards.sheet import Cell, sheet
from optimizer.evaluate.base import Evaluation
from optimizer.point import Point
from optimizer.search.verdict import verdict_of
from studies.report.sheets.regions import regions_sheet
from studies.report.sheets.style import score_line
from studies.run.stored_results import stored
from studies.run.verdicts.weights import weights_line
from studies.study import Study, open_study

SEED: Final = 1682416042
STUDY: Final = "paper-doll-other"
STRONG: Final = {"face": 0.9, "dress": 1.0, "shoes": 0.9}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("out", type=Path)
    asked = options.parse_args()
    study = open_study(asked.folder / STUDY / "regions.yaml")
    regions = regions_sheet(study, SEED)
    assert regions is not None
    with Image.open(regions.path) as opened:
        upper = opened.convert("RGB")
    lower = compared(study)
    whole = Image.new("RGB", (max(upper.width, lower.width), upper.height + lower.height), "white")
    whole.paste(upper, (0, 0))
    whole.paste(lower, (0, upper.height))
    whole.save(asked.out, quality=82, method=6)
    return 0


def compared(study: Study) -> Image.Image:
    """The same weights everywhere and in regions."""
    found = stored(study, SEED)
    pick = found.outcome.pick
    assert pick is not None
    points = [replace(pick.point, weights=STRONG), pick.point]

    def cell(seen: Evaluation) -> Cell:
        judged, scores = found.judge.judge(seen)
        with Image.open(seen.image) as opened:
            picture = opened.convert("RGB")
        verdict = "all met" if judged.feasible else f"breaks {', '.join(n for n, by in judged.violations.items() if by > 0)}"
        lines = (weights_line(seen.point, seen.point.files), score_line(scores), verdict)
        return Cell(picture, lines, mark=verdict_of(judged, None, 0.0))

    def row(point: Point) -> list[Cell]:
        return [cell(study.everywhere.evaluate(SEED, point)), cell(study.evaluator.evaluate(SEED, point))]

    cells = [one for point in points for one in row(point)]
    labels = ["everywhere", "in regions", "everywhere", "in regions, the pick"]
    return sheet([cells], title=f"Seed {SEED}: the same weights", column_labels=labels)


if __name__ == "__main__":
    sys.exit(main())

"""Whether the lab holds a real trade-off: what breaks as the weights of the demo's three LoRAs rise together, seed by seed.

    python -m benchmarks.lab.tradeoff [--quick] [--sheets DIR]

The first 8 seeds that scouting would draw (2 with `--quick`), none chosen; the LoRAs that ship; the demo's requirements, and
drift of at most half of what other seeds differ. Two diagonals of 11 steps from 0 to 1: all three weights alike, and dress and
shoes alike with the face at its start weight. Prints a table for people and, as its last line, one JSON object; `--sheets` writes
the diagonals and, for each seed, a grid of dress x shoes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml
from PIL import Image

from dashboards.sheet import Cell, sheet
from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.verdict import verdict_of
from scorers.score.scores import Scores
from studies.paperdoll.bundle import lora_file
from studies.paperdoll.study import OUTFITS
from studies.paperdoll.trained_loras import make_data
from studies.report.sheets.style import score_line
from studies.run.calibration import calibrate
from studies.run.judge import Judge
from studies.run.scouting import scout_seeds
from studies.study import Study, open_study

SEEDS = 8
QUALITY, LARGE_QUALITY = 88, 35
DRIFT = 0.5
STEPS = tuple(round(i / 10, 1) for i in range(11))
GRID = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Step:
    """One image of a diagonal."""

    judged: Judged
    scores: Scores
    image: Path

    @property
    def breaks(self) -> list[str]:
        return [name for name, margin in self.judged.violations.items() if margin > 0]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--sheets", type=Path)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        study = lab_study(Path(scratch))
        found = {}
        for seed in scout_seeds(study, 2 if asked.quick else SEEDS):
            judge = calibrate(study, seed).judge
            found[seed] = {name: [draw(study, judge, seed, p) for p in points] for name, points in diagonals(study).items()}
            report(seed, found[seed])
            if asked.sheets is not None:
                asked.sheets.mkdir(parents=True, exist_ok=True)
                grid(study, judge, seed).save(asked.sheets / f"grid-{seed}.webp", quality=QUALITY, method=6)
        if asked.sheets is not None:
            diagonal_sheet({seed: lines["all"] for seed, lines in found.items()}).save(
                asked.sheets / "diagonals.webp", quality=LARGE_QUALITY, method=6
            )
    result = summary([[step for line in lines.values() for step in line] for lines in found.values()])
    for name, value in result.items():
        print(f"{name:<22} {value}")
    print(json.dumps({"tradeoff": result}))
    return 0


def lab_study(folder: Path) -> Study:
    """The demo's study with the LoRAs that ship, and a requirement on drift."""
    make_data(folder)
    (folder / "loras").mkdir()
    for outfit in OUTFITS:
        shutil.copyfile(lora_file(outfit.product), folder / "loras" / f"{outfit.product}.safetensors")
    file = folder / "study.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["search"]["drift"] = DRIFT
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    study = open_study(folder, None)
    study.workspace.make()
    return study


def diagonals(study: Study) -> dict[str, list[Point]]:
    face = study.start.weights["face"]
    return {
        "all": [study.space.point({"face": w, "dress": w, "shoes": w}) for w in STEPS],
        "dress and shoes": [study.space.point({"face": face, "dress": w, "shoes": w}) for w in STEPS],
    }


def draw(study: Study, judge: Judge, seed: int, point: Point) -> Step:
    evaluation = study.evaluator.evaluate(seed, point)
    return Step(*judge.judge(evaluation), evaluation.image)


def report(seed: int, lines: dict[str, list[Step]]) -> None:
    for name, steps in lines.items():
        least = min((s.judged.cost for s in steps if s.judged.feasible), default=None)
        broken = Counter(broken for s in steps for broken in s.breaks)
        least_text = "nothing feasible" if least is None else f"least feasible total {least:.2f}"
        print(
            f"{seed:<11} {name:<16} {least_text:<28} broken in " + ", ".join(f"{n} {broken[n]}" for n in sorted(broken)),
            flush=True,
        )


def summary(seeds: list[list[Step]]) -> dict[str, float]:
    """In how many seeds a requirement breaks somewhere or nothing is feasible, and how much the least totals differ."""
    least = [min((s.judged.cost for s in steps if s.judged.feasible), default=None) for steps in seeds]
    there = [value for value in least if value is not None]
    return {
        "seeds": len(seeds),
        "seeds_break_hands": sum(any("hands" in s.breaks for s in steps) for steps in seeds),
        "seeds_break_drift": sum(any("drift" in s.breaks for s in steps) for steps in seeds),
        "seeds_infeasible": least.count(None),
        "least_total_spread": round(max(there) - min(there), 4) if there else 0.0,
    }


def diagonal_sheet(lines: dict[int, list[Step]]) -> Image.Image:
    rows = [[cell(step) for step in steps] for steps in lines.values()]
    return sheet(
        rows,
        title="Face, dress and shoes rise together, one seed a row",
        column_labels=[f"all {w:g}" for w in STEPS],
        row_labels=[str(seed) for seed in lines],
        footer="green: meets every requirement; what is broken stands under the others",
        tall=144,
    )


def grid(study: Study, judge: Judge, seed: int) -> Image.Image:
    face = study.start.weights["face"]
    rows = [
        [cell(draw(study, judge, seed, study.space.point({"face": face, "dress": dress, "shoes": shoes}))) for dress in GRID]
        for shoes in GRID
    ]
    return sheet(
        rows,
        title=f"Seed {seed}: dress x shoes, face {face:g}",
        column_labels=[f"dress {w:g}" for w in GRID],
        row_labels=[f"shoes {w:g}" for w in GRID],
        footer="green: meets every requirement",
        tall=160,
    )


def cell(step: Step) -> Cell:
    with Image.open(step.image) as file:
        picture = file.convert("RGB")
    verdict = "all met" if step.judged.feasible else f"breaks {', '.join(step.breaks)}"
    return Cell(picture, (score_line(step.scores), verdict), mark=verdict_of(step.judged, None, 0.0))


if __name__ == "__main__":
    sys.exit(main())

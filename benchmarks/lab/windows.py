"""What a study without a part parser finds, compared with the same study with one: picks, and what they truly show.

    python -m benchmarks.lab.windows [--quick] [--keep DIR]

The demo's study with the LoRAs that ship, at the first 4 seeds that scouting would draw (1 with `--quick`), none chosen. Both
sides have a pose model that sees no hands, so that garments and the face alone decide. Each pick is judged by the other side
too. Prints a table for people and, as its last line, one JSON object; `--keep` leaves the studies, to be shown or gone on with.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import yaml
from PIL import Image

from benchmarks.lab.tradeoff import lab_study
from models.testing.poses import write_blind_pose
from studies.paperdoll.world.products import OUTFIT, Product
from studies.paperdoll.world.truth import features_shown, product_share
from studies.run.calibration import calibrate
from studies.run.judge import Judge
from studies.run.outcome import Outcome, TrialRecord
from studies.run.scouting import scout_seeds
from studies.run.seed_search import run_seed
from studies.study import Study, open_study
from studies.tracking.memory import MemoryTracker

SEEDS = 4
SIDES = ("parser", "windows")


@dataclass(frozen=True)
class Pick:
    """`shown` is the true share of each product's features, `breaks` what it violates by the scores of the other side."""

    images: int
    total: float
    shown: Mapping[Product, float]
    breaks: tuple[str, ...]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--keep", type=Path, help="a folder to leave the studies in")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch)
        studies = {side: study_of(folder / side, side) for side in SIDES}
        seeds = scout_seeds(studies["parser"], 1 if asked.quick else SEEDS)
        print(f"{'seed':<11} {'side':<8} {'images':>6} {'total':>6}  {'truly shown':<42} broken by the other side's scores")
        found = {seed: both(studies, seed) for seed in seeds}
    result = {side: summary([picks[side] for picks in found.values()]) for side in SIDES}
    for side, values in result.items():
        print(f"{side:<8} " + "  ".join(f"{name} {value}" for name, value in values.items()))
    print(json.dumps(result))
    return 0


def study_of(folder: Path, side: str) -> Study:
    """The demo's study in `folder`, with a pose model in the place of its hand judge; made once."""
    if not (folder / "study.yaml").exists():
        lab_study(folder)
        write_blind_pose(folder / "blind.onnx")
        text = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))
        text["search"]["drift"] = None
        text["scorers"]["hands"] = {"pose": "blind.onnx"}
        if side == "windows":
            text["scorers"]["parts"] = {"model": None}
        (folder / "study.yaml").write_text(yaml.safe_dump(text, allow_unicode=True), encoding="utf-8")
    study = open_study(folder, None)
    study.workspace.make()
    return study


def both(studies: dict[str, Study], seed: int) -> dict[str, Pick | None]:
    """One seed searched by each side; what each picked, seen by the other."""
    judges, outcomes = {}, {}
    for side, study in studies.items():
        judges[side], outcomes[side] = searched(study, seed)
    picks = {}
    for side, other in zip(SIDES, reversed(SIDES), strict=True):
        picks[side] = pick_of(outcomes[side], studies[other], judges[other])
        print(f"{seed:<11} {side:<8} {line(picks[side], outcomes[side])}", flush=True)
    return picks


def searched(study: Study, seed: int) -> tuple[Judge, Outcome]:
    judge = calibrate(study, seed).judge
    budget = study.spec.search.trials
    return judge, run_seed(study, seed, judge=judge, budget=budget, tracker=MemoryTracker(), on_trial=lambda event: None)


def pick_of(outcome: Outcome, other: Study, judge: Judge) -> Pick | None:
    if outcome.pick is None:
        return None
    record: TrialRecord = outcome.record(outcome.pick)
    with Image.open(record.image) as file:
        image = file.convert("RGB")
    shown = features_shown(image)
    constraints = judge.constraints(judge.scores(other.observer.observe([image])[0]))
    breaks = tuple(constraint.name for constraint in constraints if constraint.violated)
    shares = {product: round(product_share(shown, product), 3) for product in OUTFIT}
    return Pick(len(outcome.trials), round(outcome.pick.cost, 2), shares, breaks)


def line(pick: Pick | None, outcome: Outcome) -> str:
    if pick is None:
        blocked = outcome.nearest.worst[0] if outcome.nearest else "nothing"
        return f"{len(outcome.trials):>6} {'-':>6}  nothing feasible, blocked by {blocked}"
    shares = ", ".join(f"{product} {share:.2f}" for product, share in pick.shown.items())
    return f"{pick.images:>6} {pick.total:>6.2f}  {shares:<42} {', '.join(pick.breaks) or 'nothing'}"


def summary(picks: list[Pick | None]) -> dict[str, float | None]:
    there = [pick for pick in picks if pick is not None]
    shares = [share for pick in there for share in pick.shown.values()]
    return {
        "seeds": len(picks),
        "picked": len(there),
        "mean_total": round(mean(p.total for p in there), 3) if there else None,
        "truly_shown": round(mean(shares), 3) if shares else None,
        "holds_by_the_other": sum(not p.breaks for p in there),
    }


if __name__ == "__main__":
    sys.exit(main())

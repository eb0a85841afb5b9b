"""Which of a LoRA's epochs at which weight: one study over all files beside one study for each.

    python -m benchmarks.epochs [--studies N] [--files 3 5] [--required 0.7 0.8]

Made-up studies (optimizer/testing/fake_epochs.py) at the default step of 0.05 and the default budget of 40 images. Sides: `axis`,
one study whose dress has all files; `each`, a study for every file, of which the lightest pick counts; `last`, a study of the
last file alone. All images count: calibration (the plain image and one ladder image a LoRA, one more for the axis; the later
studies of `each` have the plain image and the other LoRAs' ladders from the first), start, search, proof and robustness. A run
has missed if its pick is not robust or costs more than 0.1 above the least robust point of all files. Studies in which no file
has a robust point are left out.

Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from benchmarks.search.all_in import drawn_to_the_end, pick_of
from benchmarks.search.refined import OFF, Refined
from optimizer.search.drawn import judged_points
from optimizer.search.least_weight.sampler import LeastWeight, least_saving
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.proof import proof_of
from optimizer.search.robustness import neighbours
from optimizer.testing.fake_epochs import LORA, EpochProblem, Judges, epoch_problems, fake_epochs
from optimizer.testing.fake_landscape import SOUND
from optimizer.testing.landscape import NEAR
from scorers.score.hands import HANDS

BUDGET: Final = 40
FIRST: Final = 200
"""Number of the first made-up study: others are to tune on."""
PLAIN: Final = 1
SIDES: Final = ("axis", "each", "last")
Result: TypeAlias = dict[str, Any]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--studies", type=int, default=12)
    options.add_argument("--first", type=int, default=FIRST)
    options.add_argument("--files", type=int, nargs="*", default=[3, 5])
    options.add_argument("--required", type=float, nargs="*", default=[0.7, 0.8])
    given = options.parse_args()
    summaries = {}
    for count in given.files:
        found = [
            result
            for study in range(given.first, given.first + given.studies)
            for required in given.required
            if (result := compared(study, count, required)) is not None
        ]
        print(f"{count} files, {len(found)} studies; the lightest is of file {lightest(found)}")
        print(f"{'side':<6} {'all-in':>7} {'90%':>5} {'cost':>7} {'missed':>7} {'proof':>6} {'seconds':>8}")
        for side in SIDES:
            summaries[f"{count} {side}"] = one = summary([result[side] for result in found])
            print(f"{side:<6} {one['all_in']:>7.0f} {one['all_in_p90']:>5.0f} {one['regret']:>7.3f} ", end="")
            print(f"{one['missed']:>7.2f} {one['proof']:>6.2f} {one['seconds']:>8.2f}")
    print("cost: of the picks above the least robust one of all files, in the mean; seconds: of the slowest search's choices")
    print(json.dumps(summaries))
    return 0


def compared(study: int, count: int, required: float) -> Result | None:
    """By side, one run each; None where no file has a robust point."""
    landscapes = fake_epochs(study, sound_seed(study, count), count)
    files = {label: Refined(problem) for label, problem in epoch_problems(landscapes, required).items()}
    least = {label: one.robust_optimum for label, one in files.items() if one.robust_optimum is not None}
    if not least:
        return None
    loras = len(landscapes[LORA].levels)
    single = {label: run(one, required, PLAIN + loras if label == LORA else 1) for label, one in files.items()}
    each = min(single.values(), key=lambda r: (not r["holds"], r["cost"]))
    sides = {
        "axis": run(EpochProblem(files), required, PLAIN + loras + 1),
        "each": {**each, **{key: sum(r[key] for r in single.values()) for key in ("all_in", "seconds")}},
        "last": single[LORA],
    }
    best_of_all = min(least.values())
    regrets = {side: {**r, "regret": r["cost"] - best_of_all if r["holds"] else None} for side, r in sides.items()}
    return {"lightest": min(least, key=lambda label: least[label]), **regrets}


def sound_seed(study: int, count: int) -> int:
    """The first whose figure has sound hands in the start image of the last file, as scouting keeps it."""
    for seed in range(50):
        last = fake_epochs(study, seed, count, levels=6)[LORA]
        if last.whole[HANDS.name][last.at(last.space.point(last.start))] <= SOUND:
            return seed
    raise RuntimeError(f"study {study} has no sound seed")


def run(problem: Judges, required: float, calibrating: int) -> Result:
    """One search to its own end."""
    require = dict.fromkeys(problem.space.weights, required)
    sampler = LeastWeight(priors_from(problem.space, [], require=require), 0, least_saving(problem.space), OFF)
    began = time.process_time()
    drawn = drawn_to_the_end(problem, require, sampler)
    pick = pick_of(drawn)
    holds = pick is not None and all(problem.judge(p).feasible for p in (pick.point, *neighbours(pick.point, OFF).values()))
    return {
        "all_in": calibrating + drawn.images,
        "cost": float("inf") if pick is None else pick.cost,
        "holds": holds,
        "proof": pick is not None and proof_of(problem.space, pick, judged_points(problem.space, drawn, OFF)).complete,
        "seconds": time.process_time() - began,
    }


def lightest(found: Sequence[Result]) -> str:
    labels = [result["lightest"] for result in found]
    return ", ".join(f"{label} {labels.count(label)}" for label in sorted(set(labels)))


def summary(found: Sequence[Result]) -> dict[str, float]:
    regrets = [r["regret"] for r in found if r["regret"] is not None]
    return {
        "all_in": float(np.median([r["all_in"] for r in found])),
        "all_in_p90": float(np.quantile([r["all_in"] for r in found], 0.9)),
        "regret": float(np.mean(regrets)) if regrets else float("nan"),
        "missed": float(np.mean([r["regret"] is None or r["regret"] > NEAR + 1e-6 for r in found])),
        "proof": float(np.mean([r["proof"] for r in found])),
        "seconds": float(np.max([r["seconds"] for r in found])),
    }


if __name__ == "__main__":
    raise SystemExit(main())

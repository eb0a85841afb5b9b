"""What scouting is worth: how often the seeds that it ranks first reach a feasible pick, compared with random seeds.

    python -m benchmarks.lab.scouting STUDY [--scout 64] [--seeds 8] [--trials 20] [--quick]

So many seeds are scouted as `huanhua scout` does. The first of its ranking are searched, and as many in the order in which
they were drawn, which is random; a seed in both counts in both. Everything lies in the workspace of the study: a killed
run goes on where it was. Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.errors import InputError
from studies.run.calibration import calibrate
from studies.run.outcome import Outcome
from studies.run.scouting import scout, scout_seeds
from studies.run.seed_search import run_seed
from studies.study import Study, open_study
from studies.tracking.memory import MemoryTracker


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("study", type=Path)
    options.add_argument("--scout", type=int, default=64, help="random seeds to rank")
    options.add_argument("--seeds", type=int, default=8, help="of the first and of random ones, to search")
    options.add_argument("--trials", type=int, default=20, help="images a seed")
    options.add_argument("--quick", action="store_true", help="three seeds of sixteen")
    given = options.parse_args()
    try:
        study = open_study(given.study)
        study.workspace.make()
        scouted, count = (16, 3) if given.quick else (given.scout, given.seeds)
        print(json.dumps(measure(study, scouted, count, given.trials)))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def measure(study: Study, scouted: int, count: int, trials: int) -> dict[str, float | None]:
    ranked = [s.seed for s in scout(study, scouted, lambda: None)]
    groups = {"scouted": ranked[:count], "random": scout_seeds(study, scouted)[:count]}
    found: dict[int, Outcome] = {}
    for seed in dict.fromkeys([*groups["scouted"], *groups["random"]]):
        found[seed] = search(study, seed, trials)
        print(f"seed {seed}, place {ranked.index(seed) + 1}: {line(found[seed])}", flush=True)
    print(f"{'seeds':<10} {'searched':>8} {'feasible':>9} {'images to it':>13}")
    result: dict[str, float | None] = {}
    for name, seeds in groups.items():
        share, images = feasible([found[s] for s in seeds])
        result |= {f"{name}_feasible": share, f"{name}_images": images}
        print(f"{name:<10} {len(seeds):8d} {share:9.2f} {'-' if images is None else format(images, '.1f'):>13}")
    return result


def search(study: Study, seed: int, trials: int) -> Outcome:
    judge = calibrate(study, seed).judge
    return run_seed(study, seed, judge=judge, budget=trials, tracker=MemoryTracker(), on_trial=lambda event: None)


def line(outcome: Outcome) -> str:
    if outcome.pick is not None:
        return f"feasible, total {outcome.pick.cost:.2f}"
    return f"nothing feasible, blocked by {outcome.nearest.worst[0]}" if outcome.nearest else "nothing drawn"


def feasible(outcomes: Sequence[Outcome]) -> tuple[float, float | None]:
    """The share of seeds with a pick, and the median of images until the first feasible one."""
    first = [next((i for i, t in enumerate(o.trials, 1) if t.judged.feasible), None) for o in outcomes]
    needed = [n for n in first if n is not None]
    return len(needed) / len(outcomes), float(np.median(needed)) if needed else None


if __name__ == "__main__":
    sys.exit(main())

"""All images that a person waits for: calibration, start, search, proof and robustness, to the end that each search chooses.

    python -m benchmarks.search.all_in [--only NAME...] [--development] [--repetitions N] [--landscapes FOLDER] [--keep FILE]

Every search runs in the strategy of studies: the start, what it proposes, single steps down from the best point, and the
robustness of the pick; at the default step of 0.05, between the landscapes' points too (benchmarks/search/refined.py), with the
default budget of 40. One rule for misses: a run has missed if its pick, when it ends, is not feasible or costs more than 0.1
above the least that is robust. `--keep` stores each run as it ends: the same command goes on where it was.

Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from benchmarks.search.cases import MISS, Case, drawn, lora_names, made_up_of
from benchmarks.search.others.bisection import Bisection
from benchmarks.search.others.botorch_sampler import BotorchSampler
from benchmarks.search.raised import Raised
from benchmarks.search.refined import OFF, Refined
from benchmarks.search.sources import all_in_sources, search_sources
from models.errors import InputError
from optimizer.search.budget import RobustnessImage, next_images
from optimizer.search.drawn import Drawn, judged_points, missing_images, neighbours_drawn
from optimizer.search.judged_point import Judged, best
from optimizer.search.least_weight.sampler import LeastWeight, least_saving
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.proof import proof_of
from optimizer.search.robustness import best_robust, neighbours
from optimizer.search.samplers.base import Sampler
from optimizer.search.samplers.optuna_samplers import OptunaSampler
from optimizer.search.strategy import SearchSettings
from optimizer.testing.fake_epochs import Judges
from optimizer.testing.landscape import NEAR

BUDGET: Final = 40
"""Trials and robustness images, as `search.trials` gives by default."""
PLAIN: Final = 1
OWN: Final = ("least-weight", "later", "fours")
BATCH: Final = 4
"""Images that "fours" draws at once."""
NEVER_ENDING: Final = ("botorch", "gp", "tpe")
"""They draw all of the budget where nothing can be met: such problems are left out."""
Result: TypeAlias = dict[str, Any]


def least_weight(problem: Refined, seed: int, earlier: Sequence[Sequence[Judged]] = ()) -> LeastWeight:
    priors = priors_from(problem.space, earlier, require=problem.problem.require, seed=seed)
    return LeastWeight(priors, seed, least_saving(problem.space), OFF)


def taught(case: Case, seed: int) -> list[list[Judged]]:
    """The trials of earlier seeds of the same study, each searched with what those before it taught."""
    found: list[list[Judged]] = []
    for problem in map(Refined, case.earlier):
        drawn = searched(problem, least_weight(problem, seed, found), 1)
        found.append(judged_points(problem.space, drawn, OFF))
    return found


SEARCHES: Final[Mapping[str, Callable[[Refined, int], Sampler]]] = {
    "least-weight": least_weight,
    "later": least_weight,
    "fours": least_weight,
    "bisection": lambda problem, seed: Bisection(),
    "botorch": lambda problem, seed: BotorchSampler(seed, least_saving(problem.space)),
    "gp": lambda problem, seed: Raised(OptunaSampler("gp", seed, design=())),
    "tpe": lambda problem, seed: Raised(OptunaSampler("tpe", seed, design=())),
}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", nargs="*", choices=sorted(SEARCHES), default=list(SEARCHES))
    options.add_argument("--development", action="store_true", help="the seeds to tune on, not those to report")
    options.add_argument("--repetitions", type=int, default=3, help="of the project's own search; yardsticks run once")
    options.add_argument("--landscapes", type=Path, default=Path(__file__).parent / "landscapes")
    options.add_argument("--made-up", type=int, metavar="N", help="made-up landscapes of N LoRAs instead of drawn ones")
    options.add_argument("--keep", type=Path, default=None, help="JSON lines, one a run")
    given = options.parse_args()
    try:
        names = None if given.made_up is None else lora_names(given.made_up)
        cases = drawn(given.landscapes, given.development, False, False) if names is None else made_up_of(names)
        runs = {name: list(results(name, cases, given.repetitions, given.keep)) for name in given.only}
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{'search':<14} {'pick':>9} {'end':>9} {'all-in':>9} {'90%':>5} {'missed':>6} {'proof':>6} {'holds':>6}", end="")
    print(f" {'both':>6} {'<=20':>6} {'false':>6} {'regret':>7} {'unmet':>6} {'runs':>5}")
    for name, found in runs.items():
        print(row_of(name, found))
    print("pick: images to the first pick, median and 90%; false: falsely infeasible; unmet: all-in where nothing can be met")
    print(
        "<=20: proof and robustness complete, with 20 images or fewer; regret: of the pick's cost, beside the least, in the mean"
    )
    print(json.dumps({name: summary(found) for name, found in runs.items()}))
    return 0


def results(name: str, cases: Sequence[Case], repetitions: int, keep: Path | None) -> Iterator[Result]:
    """Of problems that can be met, each `repetitions` times; of others once."""
    stored = {} if keep is None or not keep.exists() else dict(map(json.loads, keep.read_text(encoding="utf-8").splitlines()))
    for case in cases:
        problem = Refined(case.problem)
        if (name in NEVER_ENDING and problem.optimum is None) or (name == "later" and not case.earlier):
            continue
        for seed in range(repetitions if name in OWN and problem.optimum is not None else 1):
            code = [all_in_sources(), search_sources() if name in OWN else ""]
            key = json.dumps([name, case.name, dict(case.problem.landscape.made_of), case.level, seed, *code])
            if key not in stored:
                stored[key] = run(name, problem, seed, case)
                if keep is not None:
                    with keep.open("a", encoding="utf-8") as file:
                        file.write(json.dumps([key, stored[key]]) + "\n")
            yield stored[key]


def run(name: str, problem: Refined, seed: int, case: Case) -> Result:
    """One search to its own end. A later seed draws no ladders."""
    sampler = least_weight(problem, seed, taught(case, seed)) if name == "later" else SEARCHES[name](problem, seed)
    began = time.process_time()
    drawn = searched(problem, sampler, BATCH if name == "fours" else 1)
    calibrating = PLAIN if name == "later" else problem.problem.landscape.calibration_images
    trials, images = list(drawn.trials), calibrating + drawn.images
    pick = pick_of(drawn)
    points = judged_points(problem.space, drawn, OFF)
    met, proved = problem.optimum is not None, pick is not None and proof_of(problem.space, pick, points).complete
    return {
        "met": met,
        "first": next((PLAIN + i for i, judged in enumerate(trials, 1) if problem.is_pick(judged)), MISS),
        "end": PLAIN + drawn.images,
        "all_in": images,
        "feasible": pick is not None,
        "regret": None if pick is None or problem.least is None else round(pick.cost - problem.least, 6),
        "proof": proved,
        "holds": pick is not None and not missing_images(drawn, pick.point, OFF) and problem.holds(pick.point),
        "seconds": time.process_time() - began,
    }


def pick_of(drawn: Drawn) -> Judged | None:
    """As studies.run.trials chooses it."""
    return best_robust(drawn.trials, neighbours_drawn(drawn, OFF)) or best(drawn.trials)


def searched(problem: Refined, sampler: Sampler, count: int) -> Drawn:
    """To its end, `count` images at once."""
    return drawn_to_the_end(problem, problem.problem.require, sampler, count)


def drawn_to_the_end(problem: Judges, require: Mapping[str, float], sampler: Sampler, count: int = 1) -> Drawn:
    """As studies.run.seed_search goes on, `count` images at once."""
    settings, drawn = SearchSettings(problem.start, BUDGET, require=require), Drawn([], [], {})
    while True:
        wanted = next_images(problem.space, drawn, settings, sampler, off=OFF, count=count)
        if isinstance(wanted, RobustnessImage):
            key, side = wanted.pick.point.key(), wanted.side
            seen = {**drawn.neighbours.get(key, {}), side: problem.judge(neighbours(wanted.pick.point, OFF)[side])}
            drawn = replace(drawn, neighbours={**drawn.neighbours, key: seen})
        elif wanted:
            judged = [problem.judge(proposal.point) for proposal in wanted]
            lower_of = {p.point.key(): p.lower_of for p in wanted if p.lower_of is not None}
            drawn = Drawn(
                [*drawn.trials, *judged],
                [*drawn.phases, *(p.phase for p in wanted)],
                drawn.neighbours,
                {**drawn.lower_of, **lower_of},
            )
        else:
            return drawn


def summary(found: Sequence[Result]) -> dict[str, float | None]:
    met = [r for r in found if r["met"]]
    unmet = [r["all_in"] for r in found if not r["met"]]
    regret = [r["regret"] for r in met if r["regret"] is not None]
    both = [r["proof"] and r["holds"] for r in met]
    return {
        "first": float(np.median([r["first"] for r in met])),
        "first_p90": float(np.quantile([r["first"] for r in met], 0.9)),
        "end": float(np.median([r["end"] for r in met])),
        "end_p90": float(np.quantile([r["end"] for r in met], 0.9)),
        "all_in": float(np.median([r["all_in"] for r in met])),
        "all_in_p90": float(np.quantile([r["all_in"] for r in met], 0.9)),
        "missed": float(np.mean([r["regret"] is None or r["regret"] > NEAR + 1e-6 for r in met])),
        "proof": float(np.mean([r["proof"] for r in met])),
        "holds": float(np.mean([r["holds"] for r in met])),
        "both": float(np.mean(both)),
        "both_20": float(np.mean([b and r["all_in"] <= 20 for b, r in zip(both, met, strict=True)])),
        "false_infeasible": float(np.mean([not r["feasible"] for r in met])),
        "false_feasible": float(sum(r["feasible"] for r in found if not r["met"])),
        "regret": float(np.mean(regret)) if regret else None,
        "unmet": float(np.median(unmet)) if unmet else None,
        "runs": float(len(met)),
    }


def row_of(name: str, found: Sequence[Result]) -> str:
    s = {key: np.nan if value is None else value for key, value in summary(found).items()}
    shares = " ".join(f"{100 * s[key]:5.0f}%" for key in ("missed", "proof", "holds", "both", "both_20", "false_infeasible"))
    return (
        f"{name:<14} {s['first']:4.0f}/{s['first_p90']:<4.0f} {s['end']:4.0f}/{s['end_p90']:<4.0f} {s['all_in']:9.1f} "
        f"{s['all_in_p90']:5.0f} {shares} {s['regret']:7.3f} {s['unmet']:6.0f} {s['runs']:5.0f}"
    )


if __name__ == "__main__":
    sys.exit(main())

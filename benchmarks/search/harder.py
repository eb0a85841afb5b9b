"""The least-weight search where things are not as they should be.

Noisy scores, wrong starts, too wide bounds, scores that fall again.

    python -m benchmarks.search.harder [--only NAME...] [--development] [--landscapes FOLDER] [--keep FILE]

Each landscape of benchmarks/search/all_in.py is searched once a variant, to the search's own end. What the search sees is
changed; whether its pick truly meets everything, and is truly the least, is judged without noise. `--keep` stores each run as it
ends: the same command goes on where it was.

Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.all_in import least_weight, pick_of, searched
from benchmarks.search.cases import Case, drawn
from benchmarks.search.refined import OFF, Refined
from benchmarks.search.sources import all_in_sources, search_sources
from models.errors import InputError
from optimizer.point import Point
from optimizer.search.drawn import judged_points
from optimizer.search.judged_point import Judged
from optimizer.search.proof import proof_of
from optimizer.search.space import Axis, Space
from scorers.score.registry import counts_faults

FALLS_FROM, FALLS_BY = 0.6, 1.5
"""Share of a weight's bound from which more of it shows less, and by how much over the rest."""
TWICE: Final = 2.0


@dataclass(frozen=True)
class Noisy(Refined):
    """Every image's graded scores are off by a normal error of standard deviation `sd`, the same whenever it is asked for."""

    sd: float = 0.0
    known: bool = False
    """Whether the search is told `sd`, as studies measure it by moved copies of the start image."""

    def judge(self, point: Point) -> Judged:
        judged = super().judge(point)
        rng = np.random.default_rng(zlib.crc32(repr(point.key()).encode()))
        errors = dict(zip(judged.violations, self.sd * rng.standard_normal(len(judged.violations)), strict=True))
        return replace(
            judged, violations={n: v if counts_faults(n) else float(v + errors[n]) for n, v in judged.violations.items()}
        )


@dataclass(frozen=True)
class Started(Refined):
    """The search starts at this share of all bounds."""

    share: float = 0.5

    @cached_property
    def start(self) -> Point:
        return self.space.point({n: a.low + self.share * (a.high - a.low) for n, a in self.space.weights.items()})


@dataclass(frozen=True)
class Wide(Refined):
    """Bounds are twice as high; beyond the landscape's edge everything is as at the edge, and costs more."""

    @cached_property
    def space(self) -> Space:
        drawn = self.problem.space
        return Space({n: Axis(a.low, TWICE * a.high, self.step) for n, a in drawn.weights.items()}, drawn.given_cfg)


@dataclass(frozen=True)
class Falling(Refined):
    """What a LoRA shows falls again towards the top of its weight."""

    def _violation(self, name: str, at: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        found, names = super()._violation(name, at), list(self.space.weights)
        if name not in names:
            return found
        own = np.meshgrid(*at, indexing="ij", sparse=True)[names.index(name)]
        return np.asarray(found + FALLS_BY * np.maximum(0.0, own / self.space.weights[name].high - FALLS_FROM))


VARIANTS: Final[dict[str, Callable[[Case], Refined]]] = {
    "as drawn": lambda case: Refined(case.problem),
    "noise 0.01": lambda case: Noisy(case.problem, sd=0.01),
    "noise 0.03": lambda case: Noisy(case.problem, sd=0.03),
    "noise 0.05": lambda case: Noisy(case.problem, sd=0.05),
    "noise 0.03, known": lambda case: Noisy(case.problem, sd=0.03, known=True),
    "noise 0.05, known": lambda case: Noisy(case.problem, sd=0.05, known=True),
    "start at a tenth": lambda case: Started(case.problem, share=0.1),
    "start at the top": lambda case: Started(case.problem, share=1.0),
    "bounds twice as high": lambda case: Wide(case.problem),
    "scores fall again": lambda case: Falling(case.problem),
}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", nargs="*", choices=sorted(VARIANTS), default=list(VARIANTS))
    options.add_argument("--development", action="store_true", help="the seeds to tune on, not those to report")
    options.add_argument("--landscapes", type=Path, default=Path(__file__).parent / "landscapes")
    options.add_argument("--keep", type=Path, default=None, help="JSON lines, one a run")
    given = options.parse_args()
    try:
        cases = drawn(given.landscapes, given.development, False, False)
        found = {name: summary(list(results(name, cases, given.keep))) for name in given.only}
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    keys = ("problems", "all_in", "all_in_p90", "no_pick", "pick_true", "steps_true", "proof", "regret")
    print(f"{'variant':<22}" + "".join(f"{key:>11}" for key in keys))
    for name, row in found.items():
        print(f"{name:<22}" + "".join(f"{row[key]:>11.3g}" for key in keys))
    print(
        "pick_true: share of picks that truly meet everything; steps_true: of proof steps that truly do not hold; proof: complete"
    )
    print("regret: how much more the pick costs than the least robust point, in the mean")
    print(json.dumps(found))
    return 0


def results(name: str, cases: Sequence[Case], keep: Path | None) -> Iterator[dict[str, Any]]:
    """Of the problems that can be met, robustly where that is possible."""
    stored = {} if keep is None or not keep.exists() else dict(map(json.loads, keep.read_text(encoding="utf-8").splitlines()))
    for case in cases:
        problem = VARIANTS[name](case)
        if problem.optimum is None:
            continue
        key = json.dumps([name, case.name, dict(case.problem.landscape.made_of), case.level, all_in_sources(), search_sources()])
        if key not in stored:
            stored[key] = run(problem, truth_of(problem), case.problem.landscape.calibration_images)
            if keep is not None:
                with keep.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([key, stored[key]]) + "\n")
        yield stored[key]


def truth_of(problem: Refined) -> Refined:
    """The same without noise."""
    return Refined(problem.problem) if isinstance(problem, Noisy) else problem


def noise_of(problem: Refined) -> dict[str, float]:
    """What the search knows of it, by constraint; those that count faults have none."""
    if not isinstance(problem, Noisy) or not problem.known:
        return {}
    return {name: problem.sd for name in problem.judge(problem.start).violations if not counts_faults(name)}


def run(problem: Refined, truth: Refined, calibrating: int) -> dict[str, Any]:
    drawn_images = searched(problem, replace(least_weight(problem, 0), noise=noise_of(problem)), 1)
    pick = pick_of(drawn_images)
    all_in = calibrating + drawn_images.images
    if pick is None:
        return {"all_in": all_in, "pick": False}
    proof = proof_of(problem.space, pick, judged_points(problem.space, drawn_images, OFF))
    steps = [not truth.holds(step.point) for step in proof.steps.values() if step is not None]
    return {
        "all_in": all_in,
        "pick": True,
        "true": truth.judge(pick.point).feasible,
        "steps_true": float(np.mean(steps)) if steps else None,
        "proof": proof.complete,
        "regret": None if truth.least is None else pick.cost - truth.least,
    }


def summary(found: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Shares in [0, 1], images, and units of weight."""
    picks = [r for r in found if r["pick"]]

    def mean(key: str) -> float:
        values = [r[key] for r in picks if r[key] is not None]
        return float(np.mean(values)) if values else float("nan")

    images = [r["all_in"] for r in found]
    return {
        "problems": float(len(found)),
        "all_in": float(np.median(images)),
        "all_in_p90": float(np.quantile(images, 0.9)),
        "no_pick": 1 - len(picks) / len(found),
        "pick_true": mean("true"),
        "steps_true": mean("steps_true"),
        "proof": mean("proof"),
        "regret": mean("regret"),
    }


if __name__ == "__main__":
    sys.exit(main())

"""How many images each search needs to the least weights that work: replays of landscapes, nothing is drawn.

    python benchmarks/search.py [--synthetic] [--quick] [--only NAME...] [--repetitions N] [--landscapes FOLDER]

An image is any distinct render for the seed after locking: the plain image that calibrates it (one, for every search), the
start, and all that is proposed. Counted until one is feasible within 0.1 of the optimum; a miss counts as 200. Problems are
landscapes at five levels of what is required; those that nothing meets are told apart. "Later" seeds know the trials of three
other seeds of the same LoRAs. `--synthetic` replays made-up landscapes of optimizer/fake_landscape.py, of other numbers than
those that the search was tuned on. Optuna's GP is asked for at most 40 images and repeated less: each takes it half a second.

Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from yardsticks import YARDSTICKS, images_to_pick

from models.errors import InputError
from optimizer.earlier import priors_from
from optimizer.fake_landscape import sound_seeds
from optimizer.landscape import Landscape, Problem, read_landscape
from optimizer.least_weight import LeastWeight, choose_batch
from optimizer.search import Judged, best, next_proposal, proof_of

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9)
MISS = 200
PLAIN = 1
"""The image of the seed without LoRAs, which calibrates it."""
EARLIER = 3
HANDS = 0.3
BUDGET = 40
BATCH = 4
GP_MOST = 40
DEVELOPMENT, FINAL = range(8), range(100, 106)
"""Numbers of made-up studies."""


@dataclass(frozen=True)
class Case:
    """A seed to be searched, and other seeds of the same LoRAs at the same level."""

    problem: Problem
    earlier: tuple[Problem, ...]

    @property
    def require(self) -> dict[str, float]:
        return dict(self.problem.require)


@dataclass
class Tally:
    """Images to a pick, by case."""

    images: list[list[int]] = field(default_factory=list)

    def pooled(self) -> np.ndarray:
        return np.array([n for case in self.images for n in case])

    def row(self) -> str:
        pooled = self.pooled()
        shown = [np.median(pooled), np.quantile(pooled, 0.9), pooled.mean(), 100 * (pooled >= MISS).mean()]
        return f"{shown[0]:8.1f} {shown[1]:8.1f} {shown[2]:8.1f} {shown[3]:7.1f}% {len(pooled):6d}"


@dataclass
class Ends:
    """How searches end when left alone."""

    images: list[int] = field(default_factory=list)
    regret: list[float] = field(default_factory=list)
    infeasible: list[bool] = field(default_factory=list)
    proofs: list[bool] = field(default_factory=list)
    hopeless: list[int] = field(default_factory=list)
    false_feasible: int = 0


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--synthetic", action="store_true")
    options.add_argument("--quick", action="store_true")
    options.add_argument("--development", action="store_true", help="the seeds to tune on, not those to report")
    options.add_argument("--only", nargs="*", choices=sorted(YARDSTICKS), default=None, help="these yardsticks alone")
    options.add_argument("--repetitions", type=int, default=None)
    options.add_argument("--landscapes", type=Path, default=Path(__file__).parent / "landscapes")
    given = options.parse_args()
    repetitions = given.repetitions or (2 if given.quick else 20)
    try:
        cases = made_up(given.development, given.quick) if given.synthetic else drawn(given.landscapes, given.development)
        measure(cases, repetitions, list(YARDSTICKS) if given.only is None else given.only)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def made_up(development: bool, quick: bool) -> list[Case]:
    studies = list(DEVELOPMENT if development else FINAL)[: 3 if quick else None]
    found = []
    for study in studies:
        seeds = sound_seeds(study, EARLIER + 1)
        found += cases_of(seeds[-1], seeds[:-1], LEVELS[1:4] if quick else LEVELS, 0.6 if study % 2 else None)
    return found


def drawn(folder: Path, development: bool) -> list[Case]:
    """By scout order: the first four are for development. Each final seed's earlier ones are of these, with the same LoRAs."""
    held = sorted((read_landscape(p) for p in folder.glob("*.npz")), key=lambda held: held.order)
    if not held:
        raise InputError(
            "no landscape is here", folder, "draw some (python -m studies.paperdoll.make.landscapes), or --synthetic"
        )
    found = []
    for seed in held[:4] if development else held[4:]:
        alike = [other for other in held[:4] if other is not seed and list(other.levels) == list(seed.levels)]
        found += cases_of(seed, alike[:EARLIER], LEVELS, None)
    return found


def cases_of(seed: Landscape, earlier: Sequence[Landscape], levels: Sequence[float], drift: float | None) -> list[Case]:
    def at(held: Landscape, level: float) -> Problem:
        return Problem(held, dict.fromkeys(held.levels, level), HANDS, drift)

    return [Case(at(seed, level), tuple(at(other, level) for other in earlier)) for level in levels]


def measure(cases: list[Case], repetitions: int, names: list[str]) -> None:
    feasible = [case for case in cases if case.problem.optimum is not None]
    print(f"{len(cases)} problems, {len(feasible)} of which can be met; {repetitions} repetitions")
    print(f"{'search':<22} {'median':>8} {'p90':>8} {'mean':>8} {'missed':>8} {'runs':>6}")
    first, later, ends, ends_later, asks = Tally(), Tally(), Ends(), Ends(), list[float]()
    for case in cases:
        for tally, end, earlier in ((first, ends, ()), (later, ends_later, case.earlier)):
            count = repetitions if case.problem.optimum is not None else min(3, repetitions)
            runs = [searched(case.problem, trials_of(earlier, r), r, end if r < 3 else None, asks) for r in range(count)]
            if case.problem.optimum is not None:
                tally.images.append(runs)
    print(f"{'least-weight':<22} {first.row()}\n{'  later seeds':<22} {later.row()}", flush=True)
    tell_ends("first seeds", ends)
    tell_ends("later seeds", ends_later)
    others = {}
    for name in names:
        try:
            others[name] = yardstick(name, feasible, repetitions)
            print(f"{name:<22} {others[name].row()}", flush=True)
        except InputError as error:
            print(f"{name:<22} left out: {error}", flush=True)
    batches = Tally([[in_batches(case.problem, r) for r in range(min(3, repetitions))] for case in feasible])
    print(f"{'least-weight by fours':<22} {batches.row()}")
    print(f"next point: median {np.median(asks):.3f} s, longest {max(asks):.3f} s")
    print(json.dumps(summary(first, later, ends, others)))


def trials_of(earlier: Sequence[Problem], seed: int) -> list[list[Judged]]:
    """The trials of earlier seeds, each searched in turn with what those before it taught."""
    found: list[list[Judged]] = []
    for problem in earlier:
        key = (
            problem.landscape.seed,
            problem.landscape.made_of.get("study"),
            tuple(problem.require.values()),
            len(found),
            seed % 3,
        )
        if key not in _SEARCHED:
            _SEARCHED[key] = history_of(problem, found, seed % 3, [])
        found.append(_SEARCHED[key])
    return found


_SEARCHED: dict[tuple[object, ...], list[Judged]] = {}
"""Trials of earlier seeds, which many repetitions share."""


def history_of(
    problem: Problem, earlier: list[list[Judged]], seed: int, asks: list[float], until_pick: bool = False
) -> list[Judged]:
    """A search to its own end, or to the pick."""
    space = problem.space
    sampler = LeastWeight(priors_from(space, earlier, require=problem.require, seed=seed), seed)
    history: list[Judged] = []
    while True:
        began = time.perf_counter()
        proposal = next_proposal(space, history, start=problem.start, budget=BUDGET, sampler=sampler, design=())
        asks.append(time.perf_counter() - began)
        if proposal is None:
            return history
        history.append(problem.judge(proposal.point))
        if until_pick and problem.is_pick(history[-1]):
            return history


def searched(problem: Problem, earlier: list[list[Judged]], seed: int, ends: Ends | None, asks: list[float]) -> int:
    """Images to the pick; `ends`, if given, is told how the search ended."""
    history = history_of(problem, earlier, seed, asks, until_pick=ends is None)
    if ends is not None:
        end_of(problem, history, ends)
    return next((PLAIN + i for i, judged in enumerate(history, 1) if problem.is_pick(judged)), MISS)


def end_of(problem: Problem, history: list[Judged], ends: Ends) -> None:
    pick = best(history)
    if problem.optimum is None:
        ends.hopeless.append(PLAIN + len(history))
        ends.false_feasible += pick is not None
        return
    ends.images.append(PLAIN + len(history))
    ends.infeasible.append(pick is None)
    if pick is not None:
        ends.regret.append(pick.cost - problem.optimum)
        ends.proofs.append(proof_of(problem.space, pick, history).complete)


def in_batches(problem: Problem, seed: int) -> int:
    """Images to the pick where four are drawn at once; the whole batch counts."""
    space, priors = problem.space, priors_from(problem.space, [], require=problem.require, seed=seed)
    history = [problem.judge(problem.start)]
    while not any(problem.is_pick(j) for j in history):
        batch = choose_batch(space, history, priors, BATCH, seed=seed)
        if not batch or len(history) > BUDGET:
            return MISS
        history += [problem.judge(choice.point) for choice in batch]
    return PLAIN + len(history)


def yardstick(name: str, cases: list[Case], repetitions: int) -> Tally:
    most, count = (GP_MOST, max(1, repetitions // 10)) if name == "gp" else (MISS - PLAIN, repetitions)
    if name in ("grids", "xyz"):
        count = 1
    found = Tally()
    for case in cases:
        runs = [images_to_pick(case.problem, YARDSTICKS[name], r, [case.problem.start], most) for r in range(count)]
        found.images.append([MISS if n is None else PLAIN + n for n in runs])
    return found


def tell_ends(what: str, ends: Ends) -> None:
    images, regret = np.quantile(ends.images, (0.5, 0.9)), np.quantile(ends.regret, (0.9, 1.0))
    print(f"{what}, at their own end: images {images[0]:.0f} (90%: {images[1]:.0f}), proof complete {np.mean(ends.proofs):.3f},")
    print(f"  regret {np.mean(ends.regret):.3f} (90%: {regret[0]:.2f}, most {regret[1]:.2f}), falsely infeasible")
    print(f"  {np.mean(ends.infeasible):.3f} of {len(ends.infeasible)}, falsely feasible {ends.false_feasible};")
    if ends.hopeless:
        print(f"  where nothing is feasible, images {np.median(ends.hopeless):.0f} ({len(ends.hopeless)} runs)", flush=True)


def summary(first: Tally, later: Tally, ends: Ends, others: dict[str, Tally]) -> dict[str, float | None]:
    medians = [float(np.median(t.pooled())) for t in others.values()]
    yard = min(medians) if medians else None
    median_first, median_later = float(np.median(first.pooled())), float(np.median(later.pooled()))
    if others:
        least = np.min([[np.median(case) for case in t.images] for t in others.values()], axis=0)
        ratios = np.array([np.median(case) for case in first.images]) / least
        print(f"beside the best yardstick of each problem: median ratio {np.median(ratios):.2f}, worst {ratios.max():.2f}")
    return {
        "median_first": median_first,
        "p90_first": float(np.quantile(first.pooled(), 0.9)),
        "ratio_first": median_first / yard if yard else None,
        "median_later": median_later,
        "ratio_later": median_later / yard if yard else None,
        "stop_images": float(np.median(ends.images)),
        "stop_regret": float(np.mean(ends.regret)),
        "false_infeasible": float(np.mean(ends.infeasible)),
    }


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # NGOpt leaves threads that wait for ever

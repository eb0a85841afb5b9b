"""The tables for people, and the JSON object that ends them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.cases import MISS, Case
from benchmarks.search.plot import draw_plot
from benchmarks.search.replays import BATCH, OWN
from benchmarks.search.runs import Result, Task

SECONDS: Final = 1.0
"""Of one image, where seconds are reported."""
Images: TypeAlias = NDArray[np.int64]


def report(cases: list[Case], found: Mapping[Task, Result], plot: Path | None) -> None:
    met = [i for i, case in enumerate(cases) if case.problem.optimum is not None]
    print(f"{len(cases)} problems of {len({c.name for c in cases})} seeds, {len(met)} of which can be met", end="")
    print(f"; least totals {np.mean([cases[i].problem.optimum for i in met]):.3f} in the mean" if met else "")
    print(f"{'search':<28} {'median':>7} {'90%':>7} {'mean':>7} {'missed':>7} {'runs':>6} {'worst':>6}")
    images = {label: images_of(found, label, met) for label in dict.fromkeys(task.label for task in found)}
    others = {label: by_case for label, by_case in images.items() if label not in OWN}
    least = best_by_seed(cases, others) if others else {}
    for label, by_case in images.items():
        pooled = np.concatenate(list(by_case.values()))
        worst = max((v / least[s] for s, v in medians_by_seed(cases, by_case).items()), default=np.nan) if least else np.nan
        shown = [np.median(pooled), np.quantile(pooled, 0.9), pooled.mean(), 100 * (pooled >= MISS).mean()]
        print(f"{label:<28} {shown[0]:7.1f} {shown[1]:7.1f} {shown[2]:7.1f} {shown[3]:6.1f}% {len(pooled):6d} {worst:6.2f}")
    print("worst: the median on one seed beside the best yardstick's there, where that is largest")
    for name in ("least-weight", "later"):
        report_ends(name, cases, {t: r for t, r in found.items() if t.search == name})
    report_seconds(found)
    if plot is not None:
        draw_plot(images, plot)
    print(json.dumps(summary(cases, found, images, others)))


def images_of(found: Mapping[Task, Result], label: str, met: list[int]) -> dict[int, Images]:
    """Images to the pick, by case."""
    by_case: dict[int, list[int]] = {i: [] for i in met}
    for task, result in found.items():
        if task.label == label and task.case in by_case:
            by_case[task.case].append(result["images"])
    return {i: np.array(runs) for i, runs in by_case.items() if runs}


def medians_by_seed(cases: list[Case], by_case: Mapping[int, Images]) -> dict[str, float]:
    seeds: dict[str, list[Images]] = {}
    for index, runs in by_case.items():
        seeds.setdefault(cases[index].name, []).append(runs)
    return {name: float(np.median(np.concatenate(runs))) for name, runs in seeds.items()}


def best_by_seed(cases: list[Case], others: Mapping[str, Mapping[int, Images]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for by_case in others.values():
        for name, median in medians_by_seed(cases, by_case).items():
            found[name] = min(median, found.get(name, MISS))
    return found


def report_ends(name: str, cases: list[Case], found: Mapping[Task, Result]) -> None:
    ends = [r for t, r in found.items() if cases[t.case].problem.optimum is not None]
    infeasible = [r for t, r in found.items() if cases[t.case].problem.optimum is None]
    if ends:
        shown = [r["end"] for r in ends]
        regret = [r["regret"] for r in ends if r["regret"] is not None]
        own, proofs = np.array([r["own"] for r in ends]), np.mean([r["proof"] for r in ends])
        print(f"{name}, left alone: ends after {np.median(shown):.0f} images (90%: {np.quantile(shown, 0.9):.0f}),")
        print(
            f"  proof complete in {proofs:.3f}; regret {np.mean(regret):.3f} (90%: {np.quantile(regret, 0.9):.2f}, most", end=" "
        )
        print(f"{max(regret):.2f}); pick within 0.1 of the least in {np.mean(own < MISS):.3f} (images: median", end=" ")
        print(f"{np.median(own):.0f}, 90% {np.quantile(own, 0.9):.0f});")
        print(f"  falsely infeasible {np.mean([not r['feasible'] for r in ends]):.3f}")
    if infeasible:
        wrong = sum(r["feasible"] for r in infeasible)
        ended = np.median([r["end"] for r in infeasible])
        print(f"  where nothing can be met: ends after {ended:.0f} images, falsely feasible {wrong} of {len(infeasible)}")


def report_seconds(found: Mapping[Task, Result]) -> None:
    asks = [r["ask"] for r in found.values() if "ask" in r]
    fours = [r for t, r in found.items() if t.search == "fours"]
    met = {t.case for t in found if t.search == "fours"}
    alone = [r["images"] for t, r in found.items() if t.search == "least-weight" and t.case in met]
    if fours:
        seconds = [SECONDS * r["rounds"] + r["thought"] for r in fours]
        one_by_one = np.median(alone) * SECONDS
        print(
            f"at {SECONDS:g} s an image: {one_by_one:.0f} s one at a time; {np.median(seconds):.1f} s by {BATCH}, drawn at",
            end=" ",
        )
        print(f"the same time (90%: {np.quantile(seconds, 0.9):.1f} s)")
    if asks:
        print(f"the slowest choice of a run: median {np.median(asks):.3f} s, most {max(asks):.3f} s")


def summary(
    cases: list[Case],
    found: Mapping[Task, Result],
    images: Mapping[str, Mapping[int, Images]],
    others: Mapping[str, Mapping[int, Images]],
) -> dict[str, float | None]:
    pooled = {label: np.concatenate(list(by_case.values())) for label, by_case in images.items()}
    yard = min((float(np.median(pooled[label])) for label in others), default=None)
    first, later = (float(np.median(pooled[name])) for name in ("least-weight", "later"))
    ends = [r for t, r in found.items() if t.search == "least-weight" and cases[t.case].problem.optimum is not None]
    return {
        "median_first": first,
        "p90_first": float(np.quantile(pooled["least-weight"], 0.9)),
        "ratio_first": first / yard if yard else None,
        "median_later": later,
        "ratio_later": later / yard if yard else None,
        "stop_images": float(np.median([r["end"] for r in ends])),
        "stop_regret": float(np.mean([r["regret"] for r in ends if r["regret"] is not None])),
        "false_infeasible": float(np.mean([not r["feasible"] for r in ends])),
    }

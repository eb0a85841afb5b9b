"""How many images each search needs to the least weights that work: replays of landscapes, nothing is drawn.

    python benchmarks/search/__main__.py [--synthetic] [--development] [--quick] [--only NAME...] [--forms] [--repetitions N]
        [--landscapes FOLDER] [--plane] [--keep FILE] [--jobs N] [--plot PNG]

An image is any distinct render for the seed after locking: the plain image that calibrates it (one, for every search), the
start, and all that is proposed. Counted until one is feasible within 0.1 of the optimum; a miss counts as 200. Problems are
landscapes at five levels of what is required; those that nothing meets are told apart. "Later" seeds know the trials of up to
three other seeds of the same LoRAs. `--synthetic` replays made-up landscapes of optimizer/testing/fake_landscape.py. `--keep`
stores
each run in a file as it ends: the same command goes on where it was, and several may fill one file. NGOpt needs a Python of its
own: see benchmarks/search/yardsticks.py.

Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from replays import BATCH, MISS, OWN, Case, drawn, made_up, run, sources, yardstick_sources
from yardsticks import BEST, FORMS

from models.errors import InputError

HOPELESS_RUNS: Final = 3
"""Repetitions where nothing can be met: there is no pick to be quick at."""
SECONDS: Final = 1.0
"""Of one image, where seconds are told."""
Result: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """One run: the name of its form is empty for the project's own search."""

    search: str
    form: str
    case: int
    repetition: int

    @property
    def label(self) -> str:
        return f"{self.search} ({self.form})" if self.form else self.search


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--synthetic", action="store_true")
    options.add_argument("--quick", action="store_true", help="fewer levels and two repetitions, without the slow GP")
    options.add_argument("--development", action="store_true", help="the seeds to tune on, not those to report")
    options.add_argument("--only", nargs="*", choices=sorted(FORMS), default=None, help="these yardsticks alone")
    options.add_argument("--forms", action="store_true", help="every form of each yardstick, to choose the best of them")
    options.add_argument("--repetitions", type=int, default=None)
    options.add_argument("--landscapes", type=Path, default=Path(__file__).parent / "landscapes")
    options.add_argument("--plane", action="store_true", help="where landscapes vary CFG: at the study's own alone")
    options.add_argument("--keep", type=Path, default=None, help="JSON lines, one a run")
    options.add_argument("--jobs", type=int, default=1, help="processes")
    options.add_argument("--plot", type=Path, default=None, help="draw what share of runs has its pick after how many images")
    given = options.parse_args()
    try:
        place = (given.synthetic, given.landscapes, given.development, given.quick, given.plane)
        cases = read_cases(*place)
        usual = [n for n in FORMS if n != "gp"] if given.quick else list(FORMS)
        names = usual if given.only is None else given.only
        forms = [(n, f) for n in names for f in (FORMS[n] if given.forms else [BEST[n]])]
        tasks = tasks_of(cases, given.repetitions or (2 if given.quick else 20), forms)
        found = dict(results(tasks, cases, place, given.keep, given.jobs))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    tell(cases, found, given.plot)
    return 0


def read_cases(synthetic: bool, folder: Path, development: bool, quick: bool, plane: bool) -> list[Case]:
    return made_up(development, quick) if synthetic else drawn(folder, development, quick, plane)


def tasks_of(cases: list[Case], repetitions: int, forms: list[tuple[str, str]]) -> list[Task]:
    found = []
    for name, form in [*((own, "") for own in OWN), *forms]:
        for index, case in enumerate(cases):
            met = case.problem.optimum is not None
            if met or name in ("least-weight", "later"):
                count = repetitions if met else min(HOPELESS_RUNS, repetitions)
                found += [Task(name, form, index, r) for r in range(count)]
    return found


def results(tasks: list[Task], cases: list[Case], place: Any, keep: Path | None, jobs: int) -> Iterator[tuple[Task, Result]]:
    """All runs, those that are kept first. A yardstick that does not run here is left out, and told."""
    held = kept(keep)
    keys = {task: key_of(task, cases[task.case]) for task in tasks}
    yield from ((task, held[keys[task]]) for task in tasks if keys[task] in held)
    missing = [task for task in tasks if keys[task] not in held]
    failed: dict[str, str] = {}
    if jobs == 1 or not missing:
        _CASES[:] = cases
        done: Iterator[tuple[Task, Result | str]] = ((task, one(task, failed)) for task in missing)
    else:
        pool = ProcessPoolExecutor(jobs, get_context("spawn"), _open, place)
        done = zip(missing, pool.map(one, missing, chunksize=4), strict=True)
    for task, result in done:
        if isinstance(result, str):
            failed.setdefault(task.label, result)
            continue
        if keep is not None:
            with keep.open("a", encoding="utf-8") as file:
                file.write(json.dumps([keys[task], result]) + "\n")
        yield task, result
    for label, why in failed.items():
        print(f"{label} left out: {why}")


def kept(path: Path | None) -> dict[str, Result]:
    if path is None or not path.exists():
        return {}
    return {str(key): result for key, result in (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())}


def key_of(task: Task, case: Case) -> str:
    code = sources() if task.search in OWN else yardstick_sources()
    made = case.problem.landscape.made_of
    return json.dumps([task.search, task.form, case.label, case.level, task.repetition, code, sorted(made.items())])


_CASES: list[Case] = []


def _open(*place: Any) -> None:
    _CASES[:] = read_cases(*place)


def one(task: Task, failed: Mapping[str, str] | None = None) -> Result | str:
    """The run, or why it cannot be."""
    if failed and task.label in failed:
        return failed[task.label]
    try:
        return run(task.search, task.form, _CASES[task.case], task.repetition)
    except InputError as error:
        return str(error)


def tell(cases: list[Case], found: Mapping[Task, Result], plot: Path | None) -> None:
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
        tell_ends(name, cases, {t: r for t, r in found.items() if t.search == name})
    tell_seconds(found)
    if plot is not None:
        draw_plot(images, plot)
    print(json.dumps(summary(cases, found, images, others)))


def images_of(found: Mapping[Task, Result], label: str, met: list[int]) -> dict[int, np.ndarray]:
    """Images to the pick, by case."""
    by_case: dict[int, list[int]] = {i: [] for i in met}
    for task, result in found.items():
        if task.label == label and task.case in by_case:
            by_case[task.case].append(result["images"])
    return {i: np.array(runs) for i, runs in by_case.items() if runs}


def medians_by_seed(cases: list[Case], by_case: Mapping[int, np.ndarray]) -> dict[str, float]:
    seeds: dict[str, list[np.ndarray]] = {}
    for index, runs in by_case.items():
        seeds.setdefault(cases[index].name, []).append(runs)
    return {name: float(np.median(np.concatenate(runs))) for name, runs in seeds.items()}


def best_by_seed(cases: list[Case], others: Mapping[str, Mapping[int, np.ndarray]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for by_case in others.values():
        for name, median in medians_by_seed(cases, by_case).items():
            found[name] = min(median, found.get(name, MISS))
    return found


def tell_ends(name: str, cases: list[Case], found: Mapping[Task, Result]) -> None:
    ends = [r for t, r in found.items() if cases[t.case].problem.optimum is not None]
    hopeless = [r for t, r in found.items() if cases[t.case].problem.optimum is None]
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
    if hopeless:
        wrong = sum(r["feasible"] for r in hopeless)
        ended = np.median([r["end"] for r in hopeless])
        print(f"  where nothing can be met: ends after {ended:.0f} images, falsely feasible {wrong} of {len(hopeless)}")


def tell_seconds(found: Mapping[Task, Result]) -> None:
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


def draw_plot(images: Mapping[str, Mapping[int, np.ndarray]], path: Path) -> None:
    """The share of runs that have their pick after so many images."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7.5, 4.2), dpi=110)
    at = np.arange(1, MISS)
    for label, by_case in images.items():
        pooled = np.concatenate(list(by_case.values()))
        share = [(pooled <= n).mean() for n in at]
        own = label in OWN
        axes.step(at, share, where="post", label=label, linewidth=2.4 if own else 1.2, linestyle="-" if own else "--")
    axes.set(
        xscale="log", xlabel="images after locking the seed", ylabel="share of runs with a pick", ylim=(0, 1.02), xlim=(2, MISS)
    )
    axes.set_xticks([2, 5, 10, 20, 50, 100, 200], ["2", "5", "10", "20", "50", "100", "200"])
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    figure.tight_layout()
    figure.savefig(path)


def summary(
    cases: list[Case],
    found: Mapping[Task, Result],
    images: Mapping[str, Mapping[int, np.ndarray]],
    others: Mapping[str, Mapping[int, np.ndarray]],
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


if __name__ == "__main__":
    sys.exit(main())

"""All runs of a benchmark: which there are, and their results, stored as they end and in as many processes as are given."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, TypeAlias

from benchmarks.search.cases import Case, drawn, made_up
from benchmarks.search.replays import OWN, run
from benchmarks.search.sources import search_sources, yardstick_sources
from models.errors import InputError

INFEASIBLE_RUNS: Final = 3
"""Repetitions where nothing can be met: there is no pick to be quick at."""
Result: TypeAlias = Mapping[str, Any]
"""As `benchmarks.search.replays.run` gives it."""


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


def read_cases(synthetic: bool, folder: Path, development: bool, quick: bool, plane: bool) -> list[Case]:
    return made_up(development, quick) if synthetic else drawn(folder, development, quick, plane)


def tasks_of(cases: list[Case], repetitions: int, forms: list[tuple[str, str]]) -> list[Task]:
    found = []
    for name, form in [*((own, "") for own in OWN), *forms]:
        for index, case in enumerate(cases):
            met = case.problem.optimum is not None
            if met or name in ("least-weight", "later"):
                count = repetitions if met else min(INFEASIBLE_RUNS, repetitions)
                found += [Task(name, form, index, r) for r in range(count)]
    return found


def results(tasks: list[Task], cases: list[Case], place: Any, keep: Path | None, jobs: int) -> Iterator[tuple[Task, Result]]:
    """All runs, the stored ones first. A yardstick that does not run here is left out, and reported."""
    stored = stored_results(keep)
    keys = {task: key_of(task, cases[task.case]) for task in tasks}
    yield from ((task, stored[keys[task]]) for task in tasks if keys[task] in stored)
    missing = [task for task in tasks if keys[task] not in stored]
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


def stored_results(path: Path | None) -> dict[str, Result]:
    if path is None or not path.exists():
        return {}
    return {str(key): result for key, result in (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())}


def key_of(task: Task, case: Case) -> str:
    code = search_sources() if task.search in OWN else yardstick_sources()
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

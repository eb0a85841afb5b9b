"""Landscapes of a study's soundest seeds: every point of a grid drawn and observed, as tables that searches are replayed on.

    python -m benchmarks.search.draw_landscapes STUDY [--seeds 10] [--scout 64] [--levels 11] [--cfgs 1.5 2.5 ...] [--jobs 1]
        [--out DIR]

Seeds are those that scouting ranks first, in its order. Pictures and observations stay in the study's workspace: a killed run
goes on where it was, and a seed whose table is there is left alone unless something that made it changed. 1331 pictures a seed;
with `--cfgs` as many for each value of CFG, all an equal step apart, the study's own among them.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.errors import InputError
from models.io.hashing import hash_path
from optimizer.point import Job, Point
from optimizer.testing.landscape import Landscape, nearest, read_landscape, shape_of, stale, write_landscape
from scorers.score.registry import BY_NAME
from studies.paperdoll.bundle import WEIGHTS
from studies.run.calibration import calibrate, calibration_images
from studies.run.judge import Judge
from studies.run.scouting import scout, scout_seeds
from studies.spec import read_spec, study_file
from studies.study import Study
from studies.workspace import workspace_of

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

TABLES = Path(__file__).parent / "landscapes"
MODELS = ("base", "parser", "faces", "clip", "hands")
CHUNK = 32
"""Pictures that a process is handed at once."""


@dataclass(frozen=True)
class Grid:
    """Values of each LoRA by name, the study's own CFG, and the values of CFG where it is varied."""

    levels: Mapping[str, tuple[float, ...]]
    cfg: float
    cfgs: tuple[float, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return shape_of(self.levels, self.cfgs)

    def jobs(self, seed: int) -> list[Job]:
        """In the order of the table."""
        rows = itertools.product(*self.levels.values(), self.cfgs or (self.cfg,))
        return [Job(seed, Point(dict(zip(self.levels, row[:-1], strict=True)), row[-1])) for row in rows]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("study", type=Path)
    options.add_argument("--seeds", type=int, default=10)
    options.add_argument("--scout", type=int, default=64, help="random seeds to choose among")
    options.add_argument("--levels", type=int, default=11, help="values a LoRA, its bounds among them")
    options.add_argument("--cfgs", type=float, nargs="*", default=[], help="values of CFG; the study's own alone if none")
    options.add_argument("--jobs", type=int, default=1, help="processes that draw, each on cores of its own")
    options.add_argument("--out", type=Path, default=TABLES)
    given = options.parse_args()
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        make(study_file(given.study), given.seeds, given.scout, given.levels, tuple(given.cfgs), given.out, given.jobs)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def make(file: Path, seeds: int, scouted: int, levels: int, cfgs: tuple[float, ...], out: Path, jobs: int = 1) -> None:
    """Writes one table a seed, as soon as it is whole."""
    study = opened(file)
    grid, made_of = grid_of(study, levels, cfgs), made_of_now(study)
    spawn = get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn, take_cores, (spawn.Value("i", 0), jobs)) as pool:
        wait(begin(pool, file, [Job(seed, study.start) for seed in scout_seeds(study, scouted)]))
        ranked = [found.seed for found in scout(study, scouted, lambda: None)[:seeds]]
        places = {seed: out / f"{study.spec.name}-{seed}.npz" for seed in ranked}
        todo = [seed for seed, path in places.items() if not path.exists() or stale(read_landscape(path), made_of)]
        print(f"{study.spec.name}: seeds {ranked}, of which {len(todo)} to draw", flush=True)
        begun = {seed: begin(pool, file, grid.jobs(seed)) for seed in todo}
        for seed in todo:
            wait(begun[seed])
            write_landscape(landscape_of(study, seed, ranked.index(seed), grid, made_of), places[seed])
            print(f"seed {seed}: {places[seed]}", flush=True)


@cache
def opened(file: Path) -> Study:
    study = Study(read_spec(file), file.parent, workspace_of(file))
    study.workspace.make()
    return study


def take_cores(taken: Synchronized[int], jobs: int) -> None:
    """Gives this process a share of the cores, so that its models' threads do not wait for those of the others."""
    with taken.get_lock():
        number, taken.value = taken.value, taken.value + 1
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        each = max(1, len(cores) // jobs)
        first = number * each % len(cores)
        os.sched_setaffinity(0, cores[first : first + each])


def begin(pool: ProcessPoolExecutor, file: Path, jobs: Sequence[Job]) -> list[Future[None]]:
    return [pool.submit(draw, file, jobs[k : k + CHUNK]) for k in range(0, len(jobs), CHUNK)]


def wait(begun: Sequence[Future[None]]) -> None:
    for future in begun:
        future.result()


def draw(file: Path, jobs: Sequence[Job]) -> None:
    """Draws and observes; both are stored in the study's workspace."""
    for _ in opened(file).evaluator.evaluate_all(jobs):
        pass


def grid_of(study: Study, levels: int, cfgs: tuple[float, ...]) -> Grid:
    """Raises InputError if the study's own CFG is not among `cfgs`, or they are not an equal step apart."""
    own = study.spec.render.cfg
    if cfgs and (own not in cfgs or len(cfgs) < 2 or not np.allclose(np.diff(cfgs), cfgs[1] - cfgs[0])):
        raise InputError("values of CFG that make no axis", "--cfgs", f"an equal step apart, rising, {own:g} among them")
    axes = {n: tuple(round(float(v), 6) for v in np.linspace(a.low, a.high, levels)) for n, a in study.space.weights.items()}
    return Grid(axes, own, cfgs)


def landscape_of(study: Study, seed: int, order: int, grid: Grid, made_of: Mapping[str, str]) -> Landscape:
    """Of pictures that are drawn. Start weights are moved to the nearest point of the grid."""
    judge = calibrate(study, seed).judge
    scores = observed(study, judge, grid.jobs(seed))
    grids = {key: np.array(values, np.float32).reshape(grid.shape) for key, values in scores.items()}
    start = {n: values[nearest(values, study.start.weights[n])] for n, values in grid.levels.items()}
    return Landscape(
        seed=seed,
        levels=grid.levels,
        raw={n: grids[f"raw.{n}"] for n in grid.levels},
        whole={name: grids[name] for name in BY_NAME},
        calibrations=judge.calibrations,
        start=start,
        made_of=made_of,
        order=order,
        cfg=grid.cfg,
        cfgs=grid.cfgs,
        calibration_images=calibration_images(study),
    )


def observed(study: Study, judge: Judge, jobs: Sequence[Job]) -> dict[str, list[float]]:
    """Scores of every job, in their order."""
    found: dict[str, list[float]] = {key: [] for key in (*(f"raw.{n}" for n in judge.require), *BY_NAME)}
    for evaluation in study.evaluator.evaluate_all(jobs):
        scores = judge.scores(evaluation.observation)
        row = {f"raw.{n}": v for n, v in scores.raw.items()}
        for key, value in (row | {name: value.value for name, value in scores.whole.items()}).items():
            found[key].append(value)
    return found


def made_of_now(study: Study) -> dict[str, str]:
    """Hashes of the lab's models, of the study's LoRAs by their files' names, and of what is drawn."""
    hashes = lab_now()
    loras = {f"loras/{Path(s.last).stem}": hash_path(study.path(s.last)) for s in study.spec.loras.values()}
    spec = study.spec
    drawn = json.dumps([spec.prompt, spec.negative_prompt, spec.render.model_dump(), spec.base.clip_skip], sort_keys=True)
    return {name: hashes[name] for name in MODELS} | loras | {"drawn": hashlib.sha256(drawn.encode()).hexdigest()}


def lab_now() -> dict[str, str]:
    """Hashes of the lab's models and LoRAs as they are here, by the names in the tables."""
    found = {name: hash_path(WEIGHTS / name) for name in MODELS}
    return found | {f"loras/{p.stem}": hash_path(p) for p in sorted((WEIGHTS / "loras").glob("*.safetensors"))}


if __name__ == "__main__":
    sys.exit(main())

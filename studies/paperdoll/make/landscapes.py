"""Landscapes of a study's soundest seeds: every point of a grid drawn and observed, as tables that searches are replayed on.

    python -m studies.paperdoll.make.landscapes STUDY [--seeds 10] [--scout 64] [--levels 11] [--jobs 1] [--out DIR]

Seeds are those that scouting ranks first, in its order. Pictures and observations stay in the study's workspace: a killed run
goes on where it was, and a seed whose table is there is left alone unless something that made it changed. 1331 pictures a seed.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from models.errors import InputError
from models.hashing import hash_path
from optimizer.landscape import Landscape, read_landscape, stale, write_landscape
from optimizer.point import Job, Point
from studies.building import Study
from studies.judging import Judge
from studies.paperdoll.bundle import WEIGHTS
from studies.running import judge_for
from studies.scouting import scout
from studies.spec import read_spec, study_file
from studies.workspace import workspace_of

TABLES = Path("benchmarks") / "landscapes"
DRAWS_AND_LOOKS = ("base", "parser", "faces", "clip", "hands")
TOLD_EVERY = 64


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("study", type=Path)
    options.add_argument("--seeds", type=int, default=10)
    options.add_argument("--scout", type=int, default=64, help="random seeds to choose among")
    options.add_argument("--levels", type=int, default=11, help="values a LoRA, its bounds among them")
    options.add_argument("--jobs", type=int, default=1, help="seeds at the same time, each in a process of its own")
    options.add_argument("--out", type=Path, default=TABLES)
    given = options.parse_args()
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        make(study_file(given.study), given.seeds, given.scout, given.levels, given.out, given.jobs)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def opened(file: Path) -> Study:
    study = Study(read_spec(file), file.parent, workspace_of(file))
    study.workspace.make()
    return study


def make(file: Path, seeds: int, scouted: int, levels: int, out: Path, jobs: int = 1) -> None:
    """Writes one table a seed, as soon as it is whole."""
    ranked = [found.seed for found in scout(opened(file), scouted, lambda: None)[:seeds]]
    if jobs == 1:
        for order, seed in enumerate(ranked):
            print(table(file, seed, order, levels, out), flush=True)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for made in [pool.submit(table, file, seed, order, levels, out) for order, seed in enumerate(ranked)]:
            print(made.result(), flush=True)


def table(file: Path, seed: int, order: int, levels: int, out: Path) -> str:
    """Writes the table of one seed and says so."""
    study = opened(file)
    path, made_of = out / f"{study.spec.name}-{seed}.npz", made_of_now(study)
    if path.exists() and not stale(read_landscape(path), made_of):
        return f"seed {seed}: drawn already"
    write_landscape(landscape_of(study, seed, order, levels, made_of), path)
    return f"seed {seed}: {path}"


def landscape_of(study: Study, seed: int, order: int, levels: int, made_of: Mapping[str, str]) -> Landscape:
    """Draws what is not drawn yet. Start weights are moved to the nearest point of the grid."""
    judge, _ = judge_for(study, seed, lambda: None)
    names = list(study.space.weights)
    axes = {n: tuple(round(float(v), 6) for v in np.linspace(a.low, a.high, levels)) for n, a in study.space.weights.items()}
    jobs = [
        Job(seed, Point(dict(zip(names, row, strict=True)), study.spec.render.cfg)) for row in itertools.product(*axes.values())
    ]
    scores = observed(study, judge, jobs)
    shape = tuple(len(v) for v in axes.values())
    grids = {key: np.array(values, np.float32).reshape(shape) for key, values in scores.items()}
    start = {n: min(axes[n], key=lambda v, n=n: abs(v - study.start.weights[n])) for n in names}  # type: ignore[misc]
    return Landscape(
        seed=seed,
        levels=axes,
        raw={n: grids[f"raw.{n}"] for n in names},
        hands=grids["hands"],
        body=grids["body"],
        drift=grids["drift"],
        calibrations=judge.calibrations,
        start=start,
        made_of=made_of,
        order=order,
    )


def observed(study: Study, judge: Judge, jobs: list[Job]) -> dict[str, list[float]]:
    """Scores of every job, in their order."""
    found: dict[str, list[float]] = {key: [] for key in (*(f"raw.{n}" for n in judge.require), "hands", "body", "drift")}
    for done, evaluation in enumerate(study.evaluator.evaluate_all(jobs), 1):
        scores = judge.scores(evaluation.observation)
        row = {f"raw.{n}": v for n, v in scores.raw.items()}
        for key, value in (row | {"hands": scores.hands, "body": float(len(scores.body)), "drift": scores.drift}).items():
            found[key].append(value)
        if done % TOLD_EVERY == 0:
            print(f"  seed {evaluation.seed}: {done} of {len(jobs)}", flush=True)
    return found


def made_of_now(study: Study) -> dict[str, str]:
    """Hashes of the lab's models, of the study's LoRAs by their files' names, and of what is drawn."""
    held = lab_now()
    loras = {f"loras/{Path(s.file).stem}": hash_path(study.path(s.file)) for s in study.spec.loras.values()}
    spec = study.spec
    drawn = json.dumps([spec.prompt, spec.negative_prompt, spec.render.model_dump(), spec.base.clip_skip], sort_keys=True)
    return {name: held[name] for name in DRAWS_AND_LOOKS} | loras | {"drawn": hashlib.sha256(drawn.encode()).hexdigest()}


def lab_now() -> dict[str, str]:
    """Hashes of the lab's models and LoRAs as they are here, by the names that tables hold."""
    found = {name: hash_path(WEIGHTS / name) for name in DRAWS_AND_LOOKS}
    return found | {f"loras/{p.stem}": hash_path(p) for p in sorted((WEIGHTS / "loras").glob("*.safetensors"))}


if __name__ == "__main__":
    sys.exit(main())

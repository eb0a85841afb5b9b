"""What regions are worth: each LoRA acting in its own part of the figure only, beside the same LoRAs everywhere.

    python -m benchmarks.regions [--quick] [--folder DIR] [--feasible N]

The lab's two studies as they are (`require` 0.7, hands 0.3), and the seeds whose landscapes ship. Whether a seed is feasible
without regions is read from the landscape, which has every point of a grid; with regions the study's own search draws, in its
budget of 20 images, and so it does without where it is compared: N feasible seeds of each study (2), in scouting's order. With
`--quick` one infeasible seed, one feasible, and shorter timing. `--folder` keeps the studies: what is drawn there is not drawn
again. What 1 means is the same on both sides: calibration is drawn without regions.

Time is the renderer's alone, in seconds of a processor: an image in two regions less one without, beside a batch of two images of
different weights less one. Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import yaml

from benchmarks.search.cases import drawn
from benchmarks.search.draw_landscapes import TABLES
from models.base.opening import open_base
from models.io.files import write_whole
from models.lora.file import open_lora
from optimizer.point import Job, Point
from optimizer.regions.regions import Regions
from optimizer.render.base import RenderSettings
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.testing.landscape import Landscape
from studies.paperdoll.bundle import WEIGHTS, lora_file
from studies.paperdoll.study import CFG, DEMO, OTHER, PROMPT, REQUIRE, SAMPLER, SIZE, STEPS, LabStudy, study_text
from studies.paperdoll.trained_loras import shipped_lora_of, training_set_of
from studies.pipeline import run_study
from studies.run.outcome import Outcome
from studies.study import Study, open_study
from studies.tracking.memory import MemoryTracker

STUDIES: Final = (DEMO, OTHER)


@dataclass(frozen=True)
class Problem:
    """A seed of one of the lab's studies."""

    study: LabStudy
    landscape: Landscape
    optimum: float | None
    """The least total of the grid that meets everything, LoRAs everywhere; None where none does."""


@dataclass(frozen=True)
class Found:
    """What the search found at one problem; None where nothing is feasible."""

    problem: Problem
    with_regions: float | None
    without: float | None
    """None where it was not searched either."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--folder", type=Path)
    options.add_argument("--feasible", type=int, default=2)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.folder or Path(scratch)
        found = []
        for problem in chosen(1 if asked.quick else asked.feasible, quick=asked.quick):
            found.append(solved(folder, problem))
            report(found[-1])
    ratio = region_time_ratio(3 if asked.quick else 9)
    print(f"an image in two regions takes {ratio:.2f} times what a second image of a batch adds")
    print(json.dumps({name: value if value is None else round(value, 4) for name, value in summary(found, ratio).items()}))
    return 0


def chosen(feasible: int, *, quick: bool) -> list[Problem]:
    """The infeasible ones, then as many feasible ones of each study; one of each with `quick`."""
    every = list(problems())
    blocked = [problem for problem in every if problem.optimum is None]
    open_ones = [[p for p in every if p.optimum is not None and p.study is study][:feasible] for study in STUDIES]
    if quick:
        return [blocked[0], open_ones[0][0]]
    return [*blocked, *(problem for found in open_ones for problem in found)]


def problems() -> Iterator[Problem]:
    for study in STUDIES:
        for development in (True, False):
            for case in drawn(TABLES, development, quick=False, plane=True):
                named = case.name.removeprefix(f"{study.name}-").isdigit()
                if named and case.level == REQUIRE:
                    yield Problem(study, case.problem.landscape, case.problem.optimum)


def solved(folder: Path, problem: Problem) -> Found:
    regional = least(searched(lab_study(folder, problem.study, regions=True), problem.landscape.seed))
    if problem.optimum is None:
        return Found(problem, regional, None)
    plain = least(searched(lab_study(folder, problem.study, regions=False), problem.landscape.seed))
    return Found(problem, regional, plain)


def lab_study(folder: Path, study: LabStudy, *, regions: bool) -> Study:
    """The lab's study, or one beside it in which each LoRA has its region; both calibrate by the same images."""
    place = folder / study.name
    for outfit in study.outfits:
        training_set_of(outfit, place)
        shipped_lora_of(outfit, place)
    content = yaml.safe_load(study_text(place, study))
    name = place / "study.yaml"
    if regions:
        content["name"] = f"{study.name}-regions"
        for section in content["loras"].values():
            section["region"] = "auto"
        name = place / "regions.yaml"
    write_whole(name, yaml.safe_dump(content, sort_keys=False).encode())
    return open_study(name)


def searched(study: Study, seed: int) -> Outcome:
    (outcome,) = run_study(study, [seed], tracker=MemoryTracker())
    return outcome


def least(outcome: Outcome) -> float | None:
    """The pick's total."""
    return None if outcome.pick is None else outcome.pick.cost


def report(found: Found) -> None:
    def said(total: float | None) -> str:
        return "nothing feasible" if total is None else f"{total:.2f}"

    problem = found.problem
    without = "infeasible on the whole grid" if problem.optimum is None else f"{said(found.without)} (grid {problem.optimum:.2f})"
    place = f"{problem.study.name} {problem.landscape.seed}"
    print(f"{place:<28} everywhere {without:<30} in regions {said(found.with_regions)}", flush=True)


def summary(found: list[Found], ratio: float) -> dict[str, float | None]:
    blocked = [one for one in found if one.problem.optimum is None]
    both = [one.with_regions / one.without for one in found if one.without is not None and one.with_regions is not None]
    return {
        "made_feasible_share": statistics.mean(one.with_regions is not None for one in blocked) if blocked else None,
        "total_ratio": statistics.median(both) if both else None,
        "region_time_ratio": ratio,
        "infeasible_seeds": len(blocked),
        "feasible_seeds": len(both),
    }


def region_time_ratio(rounds: int) -> float:
    """What a second region adds to the time of an image, beside what a second image of other weights adds to a batch: medians,
    all in turns."""
    base = open_base(str(WEIGHTS / "base"))
    loras = {outfit.name: open_lora(lora_file(outfit.product), base.modules) for outfit in DEMO.outfits}
    renderer = DiffusionRenderer(base, loras, RenderSettings(PROMPT, "", *SIZE, STEPS, SAMPLER))
    width, height = SIZE
    body = np.zeros((height, width), np.bool_)
    body[height // 3 :] = True
    names, seconds = list(loras), {"one": [0.0], "region": [0.0], "two": [0.0]}
    for turn in range(rounds + 1):
        # Other weights each time: folding is paid for, as a search pays for it.
        first, second = (Point(dict.fromkeys(names, 0.4 + 0.01 * turn + off), CFG) for off in (0.0, 0.2))
        for name, jobs in (
            ("one", [Job(1, first)]),
            ("region", [Job(1, first, Regions({names[0]: body}))]),
            ("two", [Job(1, first), Job(2, second)]),
        ):
            seconds[name].append(processor_seconds(partial(renderer.render, jobs)))
    one, region, two = (statistics.median(seconds[name][2:]) for name in ("one", "region", "two"))
    print(f"one image {one:.2f} s, in two regions {region:.2f} s, two images {two:.2f} s")
    return (region - one) / (two - one)


def processor_seconds(call: Callable[[], object]) -> float:
    """Of this process alone: others may share the machine."""
    began = time.process_time()
    call()
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())

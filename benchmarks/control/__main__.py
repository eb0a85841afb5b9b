"""What a ControlNet is worth: the lab's one of edges, told the locked image, beside the same LoRAs without.

    python -m benchmarks.control [--quick] [--folder DIR] [--trials N]

First what it holds and hides: at each seed the pick's weights without it, and all weights at 0.9, drawn at strengths 0 to 1 in
all steps and, at 0.5 and 1, in the first half of them: medians over the seeds of each LoRA's calibrated score, of hands and of
drift.
Then what the search makes of it: the study's own search in its budget of 20 images (`--trials`), with strength and end as axes at
the default price, beside the one without. The problems are those of `python -m benchmarks.schedules`: the lab's two studies as
they are (`require` 0.7, hands 0.3), five seeds; `--quick` two. Then the pictures with broken hands of `python -m
benchmarks.mending`, drawn again with it: how many are whole, of how many nothing else breaks, and how much less of the LoRAs they
show on average. Then the time of an image with one ControlNet beside one without, in seconds of a processor, medians of turns.

`--folder` keeps the studies: what is drawn there is not drawn again. Prints tables for people and, as its last line, one JSON
object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import yaml

from benchmarks.control.hands import OF_EACH, held_hands, table
from benchmarks.regions.__main__ import STUDIES, Problem, chosen, lab_study, least, processor_seconds
from benchmarks.schedules.__main__ import searched
from models.base.opening import open_base
from models.control_net.opening import open_control_net
from models.io.files import write_whole
from optimizer.control.control import Control
from optimizer.control.hints import Hint, Hints
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.diffusers_renderer import DiffusionRenderer
from scorers.score.drift import DRIFT
from scorers.score.hands import HANDS
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.study import CFG, PROMPT, SAMPLER, SIZE, STEPS, LabStudy
from studies.run.calibration import calibrate
from studies.run.outcome import Outcome
from studies.study import Study, open_study

NET: Final = "edges"
STRONG: Final = 0.9
SETTINGS: Final = (
    Control(0.0),
    Control(0.25),
    Control(0.5),
    Control(0.75),
    Control(1.0),
    Control(0.5, 0.5),
    Control(1.0, 0.5),
)


@dataclass(frozen=True)
class Found:
    """What the search found at one problem; None where nothing is feasible."""

    problem: Problem
    held: Outcome
    without: Outcome

    @property
    def pick(self) -> Point | None:
        return None if self.held.pick is None else self.held.pick.point


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--folder", type=Path)
    options.add_argument("--trials", type=int, default=20)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, found = asked.folder or Path(scratch), []
        for problem in chosen(1, quick=asked.quick):
            found.append(solved(folder, problem, asked.trials))
            report(found[-1])
        told = {name: levels(folder, found, name) for name in ("pick", "strong")}
        hands = whole_hands(folder, of_each=1 if asked.quick else OF_EACH)
    ratio = time_ratio(3 if asked.quick else 9)
    print(f"an image with one ControlNet takes {ratio:.2f} times as long as without")
    result = {**summary(found), **told, "hands": hands, "time_ratio": round(ratio, 3)}
    print(json.dumps(result))
    return 0


def solved(folder: Path, problem: Problem, trials: int) -> Found:
    seed = problem.landscape.seed
    without = searched(lab_study(folder, problem.study, regions=False), seed, trials)
    return Found(problem, searched(controlled_study(folder, problem.study), seed, trials), without)


def controlled_study(folder: Path, study: LabStudy, *, drift: bool = False) -> Study:
    """The lab's study, the search of which moves strength and end of the lab's ControlNet, beside the one without. `drift` gives
    one that measures how far figures move, which the lab's studies do not ask for."""
    lab_study(folder, study, regions=False)
    content = yaml.safe_load((folder / study.name / "study.yaml").read_text(encoding="utf-8"))
    content["name"] = f"{study.name}-control"
    content["control"] = {NET: {"model": str(WEIGHTS / "control"), "hint": "canny", "strength": 0.5}}
    content["search"]["control"] = {NET: ["strength", "end"]}
    if drift:
        content["name"] = f"{study.name}-control-drift"
        content["search"]["drift"] = 10
    place = folder / study.name / f"control{'-drift' if drift else ''}.yaml"
    write_whole(place, yaml.safe_dump(content, sort_keys=False).encode())
    return open_study(place)


def levels(folder: Path, found: list[Found], which: str) -> dict[str, dict[str, float]]:
    """By strength and end, the medians of scores over seeds: at the pick's weights without ControlNet, or at strong ones."""
    rows: dict[str, dict[str, float]] = {}
    print(f"{'at the picks weights' if which == 'pick' else f'all weights {STRONG:g}'}, medians of {len(found)} seeds")
    for control in SETTINGS:
        every = [scores_at(folder, one, which, control) for one in found]
        rows[str(control)] = {name: round(statistics.median(one[name] for one in every), 3) for name in every[0]}
        print(f"  {control!s:<12} " + "  ".join(f"{name} {value:.2f}" for name, value in rows[str(control)].items()), flush=True)
    return rows


def scores_at(folder: Path, found: Found, which: str, control: Control) -> dict[str, float]:
    study, seed = controlled_study(folder, found.problem.study, drift=True), found.problem.landscape.seed
    shown = found.without.pick or found.without.nearest
    assert shown is not None
    weights = shown.point.weights if which == "pick" else dict.fromkeys(shown.point.weights, STRONG)
    point = replace(shown.point, weights=weights, controls={NET: control})
    _, scores = calibrate(study, seed).judge.judge(study.evaluator.evaluate(seed, point))
    expression = [scores.expression[name] or 0.0 for name in study.spec.searched()]
    kinds = [study.spec.loras[name].kind for name in study.spec.searched()]
    graded = {name: scores.graded[name] or 0.0 for name in (HANDS.name, DRIFT.name)}
    return {**dict(zip(kinds, expression, strict=True)), **graded}


def whole_hands(folder: Path, of_each: int) -> dict[str, dict[str, float]]:
    studies = {study.name: controlled_study(folder, study, drift=True) for study in STUDIES}
    found, rows = held_hands(studies, NET, SETTINGS[1:], of_each), dict[str, dict[str, float]]()
    print(f"{len(found)} pictures with broken hands, drawn again")
    for name, whole, kept, less in table(found):
        rows[name] = {"whole": round(whole, 3), "nothing_else": round(kept, 3), "shows_less": round(less, 3)}
        print(f"  {name:<12} whole {whole:.2f}, nothing else broken {kept:.2f}, shows {less:.2f} less", flush=True)
    return rows


def report(found: Found) -> None:
    def said(outcome: Outcome) -> str:
        total = least(outcome)
        return "nothing feasible" if total is None else f"{total:.2f} in {len(outcome.trials)} trials"

    place = f"{found.problem.study.name} {found.problem.landscape.seed}"
    held = "" if found.pick is None else f" ({found.held.record(found.held.pick).weights_line()})" if found.held.pick else ""
    print(f"{place:<28} without {said(found.without):<24} with {said(found.held)}{held}", flush=True)


def summary(found: list[Found]) -> dict[str, object]:
    pairs = [(least(one.held), least(one.without)) for one in found]
    both = [held / without for held, without in pairs if held is not None and without is not None]
    used = [one.pick is not None and bool(one.pick.acting_controls()) for one in found]
    return {
        "total_ratio": round(statistics.median(both), 3) if both else None,
        "picks_with_control": sum(used),
        "feasible_with": sum(held is not None for held, _ in pairs),
        "feasible_without": sum(without is not None for _, without in pairs),
        "seeds": len(found),
    }


def time_ratio(rounds: int) -> float:
    base = open_base(str(WEIGHTS / "base"))
    net = open_control_net(WEIGHTS / "control", base)
    renderer = DiffusionRenderer(base, {}, RenderSettings(PROMPT, "", *SIZE, STEPS, SAMPLER), control_nets={NET: net})
    hint = Hints({NET: Hint(net.digest, np.zeros((SIZE[1], SIZE[0], 3), np.uint8))})
    jobs = {"without": Job(1, Point({}, CFG)), "with": Job(1, Point({}, CFG, controls={NET: Control(1.0)}), hints=hint)}
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds + 1):
        for name, job in jobs.items():
            seconds[name].append(processor_seconds(partial(renderer.render, [job])))
    held, without = (statistics.median(seconds[name][1:]) for name in ("with", "without"))
    print(f"without {without:.2f} s, with one {held:.2f} s")
    return held / without


if __name__ == "__main__":
    sys.exit(main())

"""What schedules are worth: LoRAs that the search lets begin later, or end earlier, beside the same LoRAs in all steps.

    python -m benchmarks.schedules [--quick] [--folder DIR] [--feasible N] [--ends start|end|both]
        [--trials N] [--seeds SEED...]

The problems of `python -m benchmarks.regions`: the lab's two studies as they are (`require` 0.7, hands 0.3) at the seeds whose
landscapes ship: those with nothing feasible on the landscape's coarse grid, and N feasible ones of each study (1). The study's
own search draws on both sides, in its budget of 20 images (`--trials`): with `search.schedule` on these ends of all its LoRAs (by
default the start), and without. A seed counts as made feasible where the search without finds nothing either. With `--quick` one
infeasible and one feasible seed. `--folder` keeps the studies: what is drawn there is not drawn again. Calibration is the same on
both sides. Totals are weights averaged over the steps. Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from benchmarks.regions.__main__ import Problem, chosen, lab_study, least
from models.io.files import write_whole
from optimizer.search.searched_schedules import End
from studies.paperdoll.study import LabStudy
from studies.pipeline import run_study
from studies.run.outcome import Outcome
from studies.study import Study, open_study
from studies.tracking.memory import MemoryTracker

ENDS: Final[dict[str, tuple[End, ...]]] = {"start": ("start",), "end": ("end",), "both": ("start", "end")}


@dataclass(frozen=True)
class Found:
    """What the search found at one problem; None where nothing is feasible."""

    problem: Problem
    outcome: Outcome
    without: float | None

    @property
    def scheduled(self) -> float | None:
        return least(self.outcome)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--folder", type=Path)
    options.add_argument("--feasible", type=int, default=1)
    options.add_argument("--ends", choices=sorted(ENDS), default="start")
    options.add_argument("--trials", type=int, default=20)
    options.add_argument("--seeds", type=int, nargs="*", help="of these problems alone")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, found = asked.folder or Path(scratch), []
        problems = chosen(asked.feasible, quick=asked.quick)
        for problem in [one for one in problems if not asked.seeds or one.landscape.seed in asked.seeds]:
            found.append(solved(folder, problem, ENDS[asked.ends], asked.trials))
            report(found[-1])
    print(json.dumps({name: value if value is None else round(value, 4) for name, value in summary(found).items()}))
    return 0


def solved(folder: Path, problem: Problem, ends: tuple[End, ...], trials: int) -> Found:
    seed = problem.landscape.seed
    scheduled = searched(scheduled_study(folder, problem.study, ends), seed, trials)
    plain = lab_study(folder, problem.study, regions=False)
    return Found(problem, scheduled, least(searched(plain, seed, trials)))


def scheduled_study(folder: Path, study: LabStudy, ends: tuple[End, ...]) -> Study:
    """The lab's study, the search of which moves these ends of all its LoRAs, beside the one that moves none."""
    plain = lab_study(folder, study, regions=False)
    content = yaml.safe_load((folder / study.name / "study.yaml").read_text(encoding="utf-8"))
    content["name"] = f"{study.name}-schedules-{'-'.join(ends)}"
    content["search"]["schedule"] = {name: list(ends) for name in plain.spec.searched()}
    place = folder / study.name / f"schedules-{'-'.join(ends)}.yaml"
    write_whole(place, yaml.safe_dump(content, sort_keys=False).encode())
    return open_study(place)


def searched(study: Study, seed: int, trials: int) -> Outcome:
    (outcome,) = run_study(study, [seed], trials=trials, tracker=MemoryTracker())
    return outcome


def report(found: Found) -> None:
    def said(total: float | None) -> str:
        return "nothing feasible" if total is None else f"{total:.2f}"

    problem, shown = found.problem, found.outcome.pick or found.outcome.nearest
    without = f"{said(found.without)} (grid: {said(problem.optimum)})"
    place = f"{problem.study.name} {problem.landscape.seed}"
    print(f"{place:<28} in all steps {without:<42} with schedules {said(found.scheduled)}, {len(found.outcome.trials)} trials")
    if shown is not None:
        print(f"    {found.outcome.record(shown).weights_line()}  {', '.join(found.outcome.record(shown).breaks())}", flush=True)


def summary(found: list[Found]) -> dict[str, float | None]:
    blocked = [one for one in found if one.problem.optimum is None and one.without is None]
    both = [one.scheduled / one.without for one in found if one.without is not None and one.scheduled is not None]
    return {
        "made_feasible_share": statistics.mean(one.scheduled is not None for one in blocked) if blocked else None,
        "total_ratio": statistics.median(both) if both else None,
        "infeasible_seeds": len(blocked),
        "feasible_seeds": len(both),
    }


if __name__ == "__main__":
    sys.exit(main())

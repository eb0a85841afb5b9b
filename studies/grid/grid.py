"""A grid around a point: what is drawn in each cell, and how it is judged where its seed has been calibrated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.errors import InputError
from models.language.translate import joined, phrase
from optimizer.control.control import as_tables
from optimizer.evaluate.base import Evaluation
from optimizer.point import Job, Point
from optimizer.render.sampling.samplers import calls
from optimizer.schedules.schedule import as_pairs
from optimizer.search.verdict import Verdict
from scorers.observe.references import References
from scorers.score.calibration import similarity
from scorers.score.registry import standalone_scores
from studies.backends.remote import RemoteBackend
from studies.grid.axes import GridAxis
from studies.references.references import references_of
from studies.run.blur_policy import little_clothing
from studies.run.calibration import load_calibration, missing_calibration
from studies.run.judge import Judge
from studies.run.outcome import TrialRecord
from studies.run.trials import stored_outcome
from studies.run.verdicts.words import trial_words
from studies.schedules.words import schedules_at
from studies.study import Study


@dataclass(frozen=True)
class Grid:
    """One picture: `x` runs along the rows, `y` down the columns, around `centre` at `seed`.

    `z` is a third axis and the index of its value in this picture, at which `seed` and `centre` are placed already.
    """

    seed: int
    centre: Point
    x: GridAxis
    y: GridAxis
    z: tuple[GridAxis, int] | None = None

    @property
    def over_seeds(self) -> bool:
        return "seed" in self.x.touches | self.y.touches

    def at(self, row: int, column: int) -> Job:
        """The image of a cell."""
        return Job(*self.x.place(*self.y.place(self.seed, self.centre, row), column))

    def jobs(self) -> list[Job]:
        """All cells, row by row."""
        return [self.at(row, column) for row in range(len(self.y.labels)) for column in range(len(self.x.labels))]


@dataclass(frozen=True)
class GridCell:
    """One image of a grid."""

    seed: int
    point: Point
    image: Path
    raw: Mapping[str, float]
    """Similarities in [0, 1] by LoRA."""
    standalone: Mapping[str, float]
    """Scores that mean something for an image alone, by name."""
    calibrated: Mapping[str, float | None] | None = None
    """As `Scores.expression`; None where the seed was not calibrated."""
    breaks: tuple[str, ...] | None = None
    """Names of the violated constraints; None as above."""
    bare: bool = False
    """Whether the image may show a figure with little clothing."""
    verdict: Verdict | None = None
    """None as above."""
    words: str = ""
    """The verdict with what is broken."""

    def as_json(self, study: Study) -> dict[str, Any]:
        render = study.spec.render
        return {
            "seed": self.seed,
            "weights": dict(self.point.weights),
            **({"files": files} if (files := study.space.files_of(self.point)) else {}),
            **({"schedules": as_pairs(schedules)} if (schedules := schedules_at(study.spec, self.point)) else {}),
            **({"controls": as_tables(controls)} if (controls := self.point.acting_controls()) else {}),
            "cfg": self.point.cfg,
            "steps": self.point.steps or render.steps,
            "sampler": self.point.sampler or render.sampler,
            "prompt": self.point.prompt or study.spec.prompt,
            "raw": {name: _rounded(value) for name, value in self.raw.items()},
            "calibrated": None if self.calibrated is None else {n: _rounded(v) for n, v in self.calibrated.items()},
            **{name: _rounded(value) for name, value in self.standalone.items()},
            "breaks": None if self.breaks is None else list(self.breaks),
            "verdict": None if self.verdict is None else self.verdict.word,
            "image": str(self.image),
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def grids_of(seed: int, centre: Point, axes: Sequence[GridAxis]) -> list[Grid]:
    """One grid of the first two axes for each value of the third, if there is one."""
    x, y, *third = axes
    if not third:
        return [Grid(seed, centre, x, y)]
    z = third[0]
    return [Grid(*z.place(seed, centre, index), x, y, (z, index)) for index in range(len(z.labels))]


def check_cells(study: Study, grids: Iterable[Grid]) -> None:
    """Raises InputError, before any is drawn, for a cell whose sampler cannot make as many steps or is not the server's, and for
    one in none of whose steps a LoRA would act."""
    render, jobs = study.spec.render, [job for grid in grids for job in grid.jobs()]
    if isinstance(study.backend, RemoteBackend):
        study.backend.check_samplers({job.point.sampler for job in jobs if job.point.sampler is not None})
        return
    for job in jobs:
        steps = job.point.steps or render.steps
        calls(job.point.sampler or render.sampler, steps)
        for name, schedule in schedules_at(study.spec, job.point).items():
            if not schedule.steps(steps):
                what = phrase("{name} acts in none of {steps} steps ({schedule})", name=name, steps=steps, schedule=str(schedule))
                raise InputError(what, phrase("the schedule of {name}", name=name), "widen it, or draw more steps")


def draw_cells(study: Study, judges: Mapping[int, Judge], grid: Grid, drawn: Callable[[], None]) -> list[list[GridCell]]:
    """Rows of cells. Seeds without a judge get raw scores and no verdict. `drawn` is called after each image."""
    cells, references = [], references_of(study)
    trials = {seed: _trials(study, seed, judge) for seed, judge in judges.items()}
    for evaluation in study.evaluator.evaluate_all(grid.jobs()):
        cell = _cell(references, judges.get(evaluation.seed), evaluation)
        cells.append(_with_verdict(study, cell, trials.get(evaluation.seed, {}).get(evaluation.point.key())))
        drawn()
    width = len(grid.x.labels)
    return [cells[at : at + width] for at in range(0, len(cells), width)]


def _cell(references: Mapping[str, References], judge: Judge | None, evaluation: Evaluation) -> GridCell:
    seed, point, image, observation = evaluation.seed, evaluation.point, evaluation.image, evaluation.observation
    bare = little_clothing(observation)
    if judge is None:
        raw = {name: similarity(observation, reference) for name, reference in references.items()}
        return GridCell(seed, point, image, raw, standalone_scores(observation), bare=bare)
    judged, scores = judge.judge(evaluation)
    breaks = tuple(name for name, violation in judged.violations.items() if not violation <= 0)
    return GridCell(seed, point, image, scores.raw, scores.standalone, scores.expression, breaks, bare)


def _trials(study: Study, seed: int, judge: Judge) -> dict[tuple[object, ...], TrialRecord]:
    """What the search of the seed drew, by points: a cell of the same point has the same verdict."""
    return {record.judged.point.key(): record for record in stored_outcome(study, seed, judge).trials}


def _with_verdict(study: Study, cell: GridCell, trial: TrialRecord | None) -> GridCell:
    if trial is not None:
        return replace(cell, verdict=trial.verdict, words=trial_words(trial))
    if cell.breaks is None:
        return cell
    if cell.breaks:
        return replace(cell, verdict=Verdict.BREAKS, words=phrase("breaks {what}", what=joined(", ", cell.breaks)))
    verdict = Verdict.UNCHECKED if study.spec.search.robustness else Verdict.MEETS
    return replace(cell, verdict=verdict, words=phrase(verdict.word))


def stored_judges(study: Study, seeds: Iterable[int]) -> dict[int, Judge]:
    """Judges of those seeds that an earlier run calibrated; draws nothing."""
    ready = [seed for seed in dict.fromkeys(seeds) if not missing_calibration(study, seed)]
    return {seed: load_calibration(study, seed).judge for seed in ready}


def centre_of(study: Study, seed: int | None, judges: Mapping[int, Judge]) -> Point:
    """The pick of `seed`, or the start weights where it has none."""
    if seed is None or seed not in judges:
        return study.start
    pick = stored_outcome(study, seed, judges[seed]).pick
    return pick.point if pick else study.start

"""Draws pictures for a sitting where those that are stored leave gaps: one LoRA's weight at a time, the others at the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from optimizer.evaluate.base import Evaluation
from optimizer.point import Job
from scorers.levels.gaps import Gap, widest_gap
from studies.levels.drawn import drawn_jobs, point_on_line, record
from studies.levels.pictures import LevelPictures, level_pictures
from studies.run.judge import Judge
from studies.run.stored_results import seeds_run, stored
from studies.study import Study


def draw_between(
    study: Study, seed: int | None, most: int, callback: Callable[[str, float], None], *, bare: bool = False
) -> LevelPictures:
    """Draws at most `most` pictures at `seed`, or at the first seed that was run, each in the widest gap of all LoRAs.

    `callback` is called with LoRA and weight before each. Every picture is recorded when it is stored: a killed sitting goes on
    with what is there. Raises InputError as `level_pictures`.
    """
    at = seeds_run(study)[0] if seed is None else seed
    judge, pictures = stored(study, at).judge, level_pictures(study, seed, bare=bare)
    for _ in range(most):
        gaps = {name: gap for name in pictures.by_lora if (gap := _gap(study, at, judge, name, pictures)) is not None}
        if not gaps:
            break
        name = max(gaps, key=lambda found: gaps[found].width)
        job = Job(at, point_on_line(study, name, gaps[name].weight))
        callback(name, gaps[name].weight)
        study.evaluator.evaluate(job.seed, job.point)
        record(study, at, name, gaps[name].weight)
        pictures = level_pictures(study, seed, bare=bare)
    return pictures


def _gap(study: Study, seed: int, judge: Judge, lora: str, pictures: LevelPictures) -> Gap | None:
    on_line = [Job(seed, study.start), *(job for name, job in drawn_jobs(study, seed) if name == lora)]
    seen = [study.evaluator.evaluate(job.seed, job.point) for job in on_line]
    shown = [picture.expression for picture in pictures.by_lora[lora]]
    return widest_gap(shown, _line(judge, lora, study.spec.loras[lora].bounds, seen))


def _line(judge: Judge, lora: str, bounds: Sequence[float], seen: Sequence[Evaluation]) -> Mapping[float, float]:
    """Expression by weight, with the ends as expected where they were not drawn: nothing at 0, all at the upper bound."""
    found = {one.point.weights[lora]: judge.scores(one.observation).expression[lora] or 0.0 for one in seen}
    return {0.0: 0.0, bounds[1]: max(1.0, *found.values()), **found}

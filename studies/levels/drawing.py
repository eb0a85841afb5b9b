"""Draws pictures for a sitting where those that are stored leave gaps: one LoRA's weight at a time, the others at the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scorers.levels.gaps import widest_of_all, with_ends
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
        shown = {name: [picture.expression for picture in found] for name, found in pictures.by_lora.items()}
        found = widest_of_all(shown, {name: _line(study, at, judge, name) for name in shown})
        if found is None:
            break
        name, weight = found
        callback(name, weight)
        study.evaluator.evaluate(at, point_on_line(study, name, weight))
        record(study, at, name, weight)
        pictures = level_pictures(study, seed, bare=bare)
    return pictures


def _line(study: Study, seed: int, judge: Judge, lora: str) -> Mapping[float, float]:
    """Expression by weight, of the start and of what was drawn beside it."""
    on_line = [study.start, *(job.point for name, job in drawn_jobs(study, seed) if name == lora)]
    seen = [study.evaluator.evaluate(seed, point) for point in on_line]
    found = {one.point.weights[lora]: judge.scores(one.observation).expression[lora] or 0.0 for one in seen}
    return with_ends(found, study.spec.loras[lora].bounds[1])

"""The calibration of one seed: what its scores are measured against, and the judge that applies it.

`calibrate` draws what is missing; `load_calibration` never draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.errors import InputError
from optimizer.evaluate.base import Evaluation
from optimizer.evaluate.stored_images import load_evaluation, missing_images
from optimizer.point import Job
from scorers.observe.references import References
from scorers.score.calibration import calibrate as calibrate_lora
from scorers.score.calibration import similarity
from scorers.score.constraints import needs_other_seeds
from scorers.score.judge import ImageJudge
from scorers.score.requirements import Requirements
from studies.references.close_ups import close_ups_lacking, draw_close_ups
from studies.references.references import references_of
from studies.run.compatibility import check_compatible
from studies.run.judge import Judge
from studies.run.ladders import LADDER, Ladder, ladder_jobs, plain_point, store_ladder_seed
from studies.run.scouting import scout_seeds
from studies.run.trials import trial_store_of
from studies.study import Study

OTHER_SEEDS: Final = 8
"""Images of other seeds, where a required score compares them."""


@dataclass(frozen=True)
class Calibrated:
    """One seed's judge, and the ladders it is calibrated by, one a searched LoRA."""

    judge: Judge
    ladders: tuple[Ladder, ...]


@dataclass(frozen=True)
class CalibrationJobs:
    """The images that calibrate one seed. `plain` and `locked` are drawn alone."""

    plain: Job
    locked: Job
    ladders: Mapping[str, list[Job]]
    others: list[Job]


def calibrate(study: Study, seed: int, callback: Callable[[], None] = lambda: None) -> Calibrated:
    """Draws the plain image, close-ups of LoRAs without photos, the ladders and the locked image, unless they are stored.

    `callback` is called after each image, drawn or stored. Raises InputError if trials of this seed are stored that the study as
    it is now would draw otherwise.
    """
    check_compatible(study, seed, trial_store_of(study, seed))
    store_ladder_seed(study, seed)
    jobs = calibration_jobs(study, seed)
    plain = study.evaluator.evaluate(seed, jobs.plain.point)
    callback()
    draw_close_ups(study, callback)
    references = references_of(study)
    steps = {lora: _draw(study, jobs.ladders[lora], callback) for lora in references}
    locked = study.evaluator.evaluate(seed, jobs.locked.point)
    return _calibrated(study, references, plain, steps, locked, _draw(study, jobs.others, callback))


def load_calibration(study: Study, seed: int) -> Calibrated:
    """The calibration that an earlier run drew.

    Raises InputError that names what is missing, or as `calibrate` does.
    """
    check_compatible(study, seed, trial_store_of(study, seed))
    lacking = missing_calibration(study, seed)
    if lacking:
        what = f"not calibrated: {len(lacking)} images are missing ({', '.join(missing_parts(study, seed))})"
        raise InputError(what, f"seed {seed}", f"run `huanhua run STUDY --seed {seed}`, which draws them")
    jobs = calibration_jobs(study, seed)
    return _calibrated(
        study,
        references_of(study),
        load_evaluation(study.evaluator, jobs.plain, alone=True),
        {lora: [load_evaluation(study.evaluator, job, alone=False) for job in steps] for lora, steps in jobs.ladders.items()},
        load_evaluation(study.evaluator, jobs.locked, alone=True),
        [load_evaluation(study.evaluator, job, alone=False) for job in jobs.others],
    )


def calibration_jobs(study: Study, seed: int) -> CalibrationJobs:
    """Close-ups are not among them: they are references, and stored apart."""
    compared = other_seeds(study, seed) if needs_other_seeds(requirements_of(study)) else []
    others = [Job(other, study.start) for other in compared]
    ladders = {lora: ladder_jobs(study, lora, seed) for lora in study.spec.searched()}
    return CalibrationJobs(Job(seed, plain_point(study)), Job(seed, study.start), ladders, others)


def requirements_of(study: Study) -> Requirements:
    """What the study file requires of an image, at any seed."""
    return Requirements(study.require(), study.spec.search.allowed(), study.spec.scorers.extra)


def other_seeds(study: Study, seed: int) -> list[int]:
    """The first of those that scouting draws, but this one."""
    return [other for other in scout_seeds(study, OTHER_SEEDS + 1) if other != seed][:OTHER_SEEDS]


def calibration_images(study: Study) -> int:
    """How many images `calibrate` draws or finds: the plain image, missing close-ups, ladders, and other seeds where needed."""
    others = OTHER_SEEDS if needs_other_seeds(requirements_of(study)) else 0
    return 1 + len(close_ups_lacking(study)) + len(LADDER) * len(study.spec.searched()) + others


def missing_calibration(study: Study, seed: int) -> set[Path]:
    """The files of the images that `calibrate` would draw."""
    return set().union(*_missing(study, seed).values())


def missing_parts(study: Study, seed: int) -> list[str]:
    """What `calibrate` would draw, in words."""
    return [part for part, files in _missing(study, seed).items() if files]


def _missing(study: Study, seed: int) -> dict[str, set[Path]]:
    jobs = calibration_jobs(study, seed)
    return {
        "the plain image": missing_images(study.evaluator, [jobs.plain], alone=True),
        "images of LoRAs without photos": missing_images(study.evaluator, close_ups_lacking(study)),
        **{f"the ladder of {lora}": missing_images(study.evaluator, steps) for lora, steps in jobs.ladders.items()},
        "the locked image": missing_images(study.evaluator, [jobs.locked], alone=True),
        "other seeds": missing_images(study.evaluator, jobs.others),
    }


def _draw(study: Study, jobs: Sequence[Job], callback: Callable[[], None]) -> list[Evaluation]:
    found = []
    for evaluation in study.evaluator.evaluate_all(jobs):
        found.append(evaluation)
        callback()
    return found


def _calibrated(
    study: Study,
    references: Mapping[str, References],
    plain: Evaluation,
    steps: Mapping[str, Sequence[Evaluation]],
    locked: Evaluation,
    others: Iterable[Evaluation],
) -> Calibrated:
    """0 is the plain image of this seed, 1 the best sound image of the LoRA's ladder."""
    images = ImageJudge(
        references=references,
        calibrations={
            name: calibrate_lora(references[name], plain.observation, [step.observation for step in ladder])
            for name, ladder in steps.items()
        },
        kinds={name: section.kind for name, section in study.spec.searched().items() if section.kind != "other"},
        locked=locked.observation,
        requirements=requirements_of(study),
        plain=plain.observation,
        others=tuple(other.observation for other in others),
    )
    ladders = [
        Ladder(name, tuple(ladder), tuple(similarity(step.observation, references[name]) for step in ladder))
        for name, ladder in steps.items()
    ]
    return Calibrated(Judge(images, study.space), tuple(ladders))

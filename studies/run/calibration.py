"""The calibration of one seed: what its scores are measured against, and the judge that applies it.

`calibrate` draws what is missing; `load_calibration` never draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.language.translate import joined, phrase
from optimizer.evaluate.base import Evaluation
from optimizer.evaluate.stored_images import load_evaluation, missing_images
from optimizer.point import Job
from scorers.observe.references import References
from scorers.score.calibration import calibrate as calibrate_lora
from scorers.score.calibration import ladder_faults, leave_one_out, noise_of, similarity
from scorers.score.constraints import needs_other_seeds
from scorers.score.judge import ImageJudge
from scorers.score.requirements import Requirements
from studies.lora_files.other_files import FileStep, next_label
from studies.references.close_ups import close_ups_lacking, draw_close_ups
from studies.references.references import references_of
from studies.run.compatibility import check_compatible
from studies.run.judge import Judge
from studies.run.ladders import (
    LOWER_LEVELS,
    Ladder,
    counts_sound_steps_only,
    file_job,
    file_jobs,
    file_labels,
    is_open,
    ladder_jobs,
    ladder_point,
    ladder_seed,
    levels_of,
    plain_point,
    start_calibrates,
    store_file_labels,
    store_ladder_seed,
    store_levels,
    stored_ladder_seed,
)
from studies.run.scouting import check_figures_seen, scout_seeds
from studies.run.transfer import inherit_images, inherited_ladder_seed
from studies.run.trials import trial_store_of
from studies.study import Study

OTHER_SEEDS: Final = 8
"""Images of other seeds, where a required score compares them."""


@dataclass(frozen=True)
class Calibrated:
    """One seed's judge, and the ladders it is calibrated by, one a searched LoRA."""

    judge: Judge
    ladders: tuple[Ladder, ...]
    start_faults: tuple[str, ...] = ()
    """What is wrong with the figure in the start image, compared with the plain image."""

    @property
    def start_note(self) -> str:
        """A phrase for people, empty where the start image is sound."""
        text = "the start image is not sound ({wrong}), and the pick need not be sounder: another seed is safer"
        return phrase(text, wrong=joined(", ", self.start_faults)) if self.start_faults else ""

    def notes(self) -> list[str]:
        """What a person should know of the ladders and the start image, one line each."""
        found = [note for one in self.ladders for note in one.notes(self.judge.calibrations[one.lora].noise)]
        return [*found, *filter(None, [self.start_note])]


@dataclass(frozen=True)
class CalibrationJobs:
    """The images that calibrate one seed. Plain images and `locked` are drawn alone."""

    plain: Job
    ladders_plain: Job
    """The plain image of the seed at which the ladders are drawn: what their figures are compared with."""
    locked: Job
    ladders: Mapping[str, list[Job]]
    files: Mapping[str, list[Job]]
    """Of other files than a LoRA's last."""
    others: list[Job]

    def alone(self) -> list[Job]:
        """All images of LoRAs alone."""
        return [job for found in (self.ladders, self.files) for steps in found.values() for job in steps]


def calibrate(study: Study, seed: int, callback: Callable[[], None] = lambda: None) -> Calibrated:
    """Draws the plain image, close-ups of LoRAs without photos, the ladders and the locked image, unless they are stored here or,
    the same to the last bit, in a study of `search.learn`.

    `callback` is called after each image, drawn or stored. Raises InputError if trials of this seed are stored that the study as
    it is now would draw otherwise.
    """
    check_compatible(study, seed, trial_store_of(study, seed))
    if stored_ladder_seed(study) is None:
        inherited = inherited_ladder_seed(study)
        store_ladder_seed(study, seed if inherited is None else inherited)
    jobs = calibration_jobs(study, seed)
    inherit_images(study, [jobs.plain, jobs.ladders_plain, *jobs.alone()])
    plain = study.everywhere.evaluate(seed, jobs.plain.point)
    callback()
    draw_close_ups(study, callback)
    references = references_of(study)
    ladders_plain = study.everywhere.evaluate(jobs.ladders_plain.seed, jobs.ladders_plain.point)
    ladders = [_ladder(study, seed, lora, references[lora], ladders_plain, callback) for lora in references]
    locked = study.everywhere.evaluate(seed, jobs.locked.point)
    return _calibrated(study, references, plain, ladders, locked, _draw(study, jobs.others, callback))


def _ladder(
    study: Study, seed: int, lora: str, references: References, plain: Evaluation, callback: Callable[[], None]
) -> Ladder:
    """Draws a ladder, and lower levels while they may show more."""
    ladder = _seen_ladder(study, lora, references, plain, _draw(study, ladder_jobs(study, lora, seed), callback))
    noise = noise_of(leave_one_out(references))
    for level in LOWER_LEVELS:
        levels = levels_of(study, lora)
        if level in levels or not is_open(ladder, noise):
            continue
        job = Job(ladder_seed(study, seed), ladder_point(study, lora, level))
        ladder = _seen_ladder(study, lora, references, plain, [*_draw(study, [job], callback), *ladder.steps])
        store_levels(study, lora, (level, *levels))
    return replace(ladder, files=_draw_files(study, seed, ladder, references, plain, callback))


def _draw_files(
    study: Study, seed: int, ladder: Ladder, references: References, plain: Evaluation, callback: Callable[[], None]
) -> tuple[FileStep, ...]:
    """Draws one image of the other files that calibrate a LoRA, and of those beside one that shows more than all before."""
    lora, labels, noise = ladder.lora, study.spec.loras[ladder.lora].labels, noise_of(leave_one_out(references))
    steps = _seen_files(study, references, plain, _draw(study, file_jobs(study, lora, seed), callback), file_labels(study, lora))
    last = -math.inf if ladder.best_sound is None else ladder.best_sound
    while (label := next_label(labels, last, steps, noise)) is not None:
        drawn = _draw(study, [file_job(study, lora, seed, label)], callback)
        steps = (*steps, *_seen_files(study, references, plain, drawn, [label]))
        store_file_labels(study, lora, [step.label for step in steps])
    return steps


def _seen_files(
    study: Study, references: References, plain: Evaluation, seen: Sequence[Evaluation], labels: Sequence[str]
) -> tuple[FileStep, ...]:
    strict = counts_sound_steps_only(study)
    return tuple(
        FileStep(
            label,
            one,
            similarity(one.observation, references),
            tuple(ladder_faults(one.observation, plain.observation)) if strict else (),
        )
        for label, one in zip(labels, seen, strict=True)
    )


def _seen_ladder(study: Study, lora: str, references: References, plain: Evaluation, steps: Sequence[Evaluation]) -> Ladder:
    strict = counts_sound_steps_only(study)
    faults = tuple(ladder_faults(step.observation, plain.observation) for step in steps) if strict else ()
    return Ladder(lora, tuple(steps), tuple(similarity(step.observation, references) for step in steps), faults)


def load_calibration(study: Study, seed: int) -> Calibrated:
    """The calibration that an earlier run drew.

    Raises InputError that names what is missing, or as `calibrate` does.
    """
    check_compatible(study, seed, trial_store_of(study, seed))
    lacking = missing_calibration(study, seed)
    if lacking:
        what = phrase(
            "not calibrated: {count} images are missing ({parts})",
            count=len(lacking),
            parts=joined(", ", missing_parts(study, seed)),
        )
        raise InputError(
            what, phrase("seed {seed}", seed=seed), phrase("run `huanhua run STUDY --seed {seed}`, which draws them", seed=seed)
        )
    jobs, references = calibration_jobs(study, seed), references_of(study)
    ladders_plain = load_evaluation(study.everywhere, jobs.ladders_plain, alone=True)
    return _calibrated(
        study,
        references,
        load_evaluation(study.everywhere, jobs.plain, alone=True),
        [_load_ladder(study, lora, references[lora], ladders_plain, jobs) for lora in references],
        load_evaluation(study.everywhere, jobs.locked, alone=True),
        [load_evaluation(study.everywhere, job, alone=False) for job in jobs.others],
    )


def _load_ladder(study: Study, lora: str, references: References, plain: Evaluation, jobs: CalibrationJobs) -> Ladder:
    steps, others = (
        [load_evaluation(study.everywhere, job, alone=False) for job in found] for found in (jobs.ladders[lora], jobs.files[lora])
    )
    ladder = _seen_ladder(study, lora, references, plain, steps)
    return replace(ladder, files=_seen_files(study, references, plain, others, file_labels(study, lora)))


def calibration_jobs(study: Study, seed: int) -> CalibrationJobs:
    """Close-ups are not among them: they are references, and stored apart."""
    compared = other_seeds(study, seed) if needs_other_seeds(requirements_of(study)) else []
    others = [Job(other, study.locked) for other in compared]
    ladders = {lora: ladder_jobs(study, lora, seed) for lora in study.spec.searched()}
    plain, ladders_plain = (Job(at, plain_point(study)) for at in (seed, ladder_seed(study, seed)))
    files = {lora: file_jobs(study, lora, seed) for lora in study.spec.searched()}
    return CalibrationJobs(plain, ladders_plain, Job(seed, study.locked), ladders, files, others)


def requirements_of(study: Study) -> Requirements:
    """What the study file requires of an image, at any seed."""
    return Requirements(study.require(), study.spec.search.allowed(), study.spec.scorers.least(), study.spec.distinct_faces())


def other_seeds(study: Study, seed: int) -> list[int]:
    """The first of those that scouting draws, but this one."""
    return [other for other in scout_seeds(study, OTHER_SEEDS + 1) if other != seed][:OTHER_SEEDS]


def calibration_images(study: Study) -> int:
    """How many images `calibrate` draws or finds: the plain image, missing close-ups, ladders, and other seeds where needed."""
    others = OTHER_SEEDS if needs_other_seeds(requirements_of(study)) else 0
    ladders = sum(len(levels_of(study, lora)) + len(file_labels(study, lora)) for lora in study.spec.searched())
    return 1 + len(close_ups_lacking(study)) + ladders + others


def missing_calibration(study: Study, seed: int) -> set[Path]:
    """The files of the images that `calibrate` would draw."""
    return set().union(*_missing(study, seed).values())


def missing_parts(study: Study, seed: int) -> list[str]:
    """What `calibrate` would draw, in words."""
    return [part for part, files in _missing(study, seed).items() if files]


def _missing(study: Study, seed: int) -> dict[str, set[Path]]:
    jobs = calibration_jobs(study, seed)
    return {
        phrase("the plain image"): missing_images(study.everywhere, [jobs.plain, jobs.ladders_plain], alone=True),
        phrase("images of LoRAs without photos"): missing_images(study.everywhere, close_ups_lacking(study)),
        **{
            phrase("the ladder of {lora}", lora=lora): missing_images(study.everywhere, [*steps, *jobs.files[lora]])
            for lora, steps in jobs.ladders.items()
        },
        phrase("the locked image"): missing_images(study.everywhere, [jobs.locked], alone=True),
        phrase("other seeds"): missing_images(study.everywhere, jobs.others),
    }


def _draw(study: Study, jobs: Sequence[Job], callback: Callable[[], None]) -> list[Evaluation]:
    found = []
    for evaluation in study.everywhere.evaluate_all(jobs):
        found.append(evaluation)
        callback()
    return found


def _calibrated(
    study: Study,
    references: Mapping[str, References],
    plain: Evaluation,
    ladders: Sequence[Ladder],
    locked: Evaluation,
    others: Iterable[Evaluation],
) -> Calibrated:
    """0 is the plain image of this seed, 1 the best sound image of the LoRA's ladder and this seed's start image."""
    check_figures_seen(locked)
    counts = start_calibrates(study)
    start_faults = ladder_faults(locked.observation, plain.observation) if counts else ()
    starts = [locked.observation] if counts and not start_faults else []
    if starts:
        ladders = [replace(one, start=similarity(locked.observation, references[one.lora])) for one in ladders]
    images = ImageJudge(
        references=references,
        calibrations={
            ladder.lora: calibrate_lora(
                references[ladder.lora],
                plain.observation,
                [*(step.observation for step in ladder.images()), *starts],
                [*ladder.sound_images(), *(True for _ in starts)],
            )
            for ladder in ladders
        },
        kinds={name: section.kind for name, section in study.spec.searched().items() if section.kind != "other"},
        locked=locked.observation,
        requirements=requirements_of(study),
        plain=plain.observation,
        others=tuple(other.observation for other in others),
    )
    return Calibrated(Judge(images, study.space), tuple(ladders), start_faults)

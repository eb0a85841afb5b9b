"""The pictures that a study already has of each LoRA, by how much of it they show: what levels are asked about. None is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.boxes import ShareBox
from models.errors import InputError
from models.language.translate import phrase
from optimizer.evaluate.base import Evaluation
from optimizer.evaluate.stored_images import load_evaluation
from scorers.score.calibration import matched_photo, seen_place
from studies.levels.drawn import drawn_jobs
from studies.run.blur_policy import little_clothing
from studies.run.calibration import calibration_jobs
from studies.run.judge import Judge
from studies.run.stored_results import seeds_run, stored
from studies.run.trials import jobs_of_trials
from studies.study import Study

APART: Final = 0.01
"""Expression by which two pictures of a seed must differ to be both of use."""
FEWEST: Final = 2
"""Pictures of one LoRA below which there is nothing to ask."""


@dataclass(frozen=True)
class LevelPicture:
    """A stored image, as a question about one LoRA shows it."""

    image: Path
    seed: int
    expression: float
    """Of the LoRA, as scored now."""
    place: ShareBox | None
    """Where the LoRA's thing is; None where it was not found."""
    photo: int | None
    """The index of the reference photo that it resembles most."""


@dataclass(frozen=True)
class LevelPictures:
    """All that may be asked about."""

    by_lora: dict[str, list[LevelPicture]]
    """The one that shows least first; LoRAs that can be asked about alone."""
    notes: list[str]
    """Which LoRAs cannot, and why."""

    def best(self, name: str) -> LevelPicture:
        """The one that shows most of a LoRA."""
        return self.by_lora[name][-1]


def level_pictures(study: Study, seed: int | None = None, *, bare: bool = False) -> LevelPictures:
    """Of one seed, or of all that were run. `bare` takes pictures with little clothing too.

    Raises InputError if nothing was run, an image is gone, or no LoRA can be asked about.
    """
    by_lora: dict[str, list[LevelPicture]] = {name: [] for name in study.spec.searched()}
    hidden, unmeasurable = 0, dict.fromkeys(by_lora, True)
    for one in [seed] if seed is not None else seeds_run(study):
        judge, found = _seen(study, one)
        hidden += sum(not bare and little_clothing(evaluation.observation) for evaluation, _ in found)
        for name in by_lora:
            if not judge.calibrations[name].measurable:
                continue
            unmeasurable[name] = False
            shown = [e for e, alone in found if alone in (None, name) and (bare or not little_clothing(e.observation))]
            by_lora[name] += _apart(_of_lora(judge, name, shown))
    notes = [_why(name, hidden, unmeasurable[name]) for name, found in by_lora.items() if len(found) < FEWEST]
    usable = {name: sorted(_once(found), key=lambda p: p.expression) for name, found in by_lora.items() if len(found) >= FEWEST}
    if not usable:
        raise InputError("no LoRA can be asked about", phrase("study {name}", name=study.spec.name), "; ".join(notes))
    return LevelPictures(usable, notes)


def _seen(study: Study, seed: int) -> tuple[Judge, list[tuple[Evaluation, str | None]]]:
    """A seed's judge and its images, each with the LoRA that it is about, None where it is about all."""
    kept = stored(study, seed)
    trials = [load_evaluation(study.evaluator, job) for job in jobs_of_trials(study, seed)]
    plain = load_evaluation(study.everywhere, calibration_jobs(study, seed).plain)
    ladders = [(ladder.steps[i], ladder.lora) for ladder in kept.ladders for i in ladder.sound()]
    drawn = [(load_evaluation(study.evaluator, job, alone=True), lora) for lora, job in drawn_jobs(study, seed)]
    found = [*((evaluation, None) for evaluation in (*trials, plain)), *ladders, *drawn]
    return kept.judge, [(evaluation, alone) for evaluation, alone in found if not evaluation.observation.failed]


def _of_lora(judge: Judge, name: str, shown: Sequence[Evaluation]) -> Iterator[LevelPicture]:
    references = judge.images.references[name]
    for evaluation in shown:
        seen = evaluation.observation
        expression = judge.scores(seen).expression[name]
        if expression is not None:
            place, photo = seen_place(seen, references), matched_photo(seen, references)
            yield LevelPicture(evaluation.image, evaluation.seed, expression, place, photo)


def _apart(found: Iterator[LevelPicture]) -> list[LevelPicture]:
    kept: dict[int, LevelPicture] = {}
    for picture in found:
        kept.setdefault(round(picture.expression / APART), picture)
    return list(kept.values())


def _once(found: Sequence[LevelPicture]) -> list[LevelPicture]:
    """Seeds share ladders: each picture once."""
    return list({picture.image: picture for picture in reversed(found)}.values())


def _why(name: str, hidden: int, unmeasurable: bool) -> str:
    if unmeasurable:
        return phrase("{name} is not asked about: it is not measurable here", name=name)
    if hidden:
        return phrase(
            "{name} is not asked about: {hidden} pictures with little clothing are left out, which --no-blur shows",
            name=name,
            hidden=hidden,
        )
    return phrase("{name} is not asked about: no two pictures show different amounts of it, run the study further", name=name)

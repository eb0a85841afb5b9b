"""Scouting: random seeds at the start weights, the soundest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from models.errors import InputError
from models.language.translate import joined, phrase
from optimizer.evaluate.base import Evaluation
from optimizer.evaluate.stored_images import missing_images
from optimizer.point import Job
from scorers.score.soundness import Soundness, soundness_of
from studies.callback import Callback
from studies.study import Study

LOCKED: Final = "locked"


@dataclass(frozen=True)
class Scouted:
    """One seed's image at the start weights."""

    evaluation: Evaluation
    soundness: Soundness

    @property
    def seed(self) -> int:
        return self.evaluation.seed


def scout_seeds(study: Study, count: int) -> list[int]:
    """As `StudySpec.scout_seeds`."""
    return study.spec.scout_seeds(count)


def scout_jobs(study: Study, count: int) -> list[Job]:
    """The images of `count` seeds at the start weights."""
    return [Job(seed, study.locked) for seed in scout_seeds(study, count)]


def scout(study: Study, count: int, drawn: Callable[[], None]) -> list[Scouted]:
    """The best seed first. `drawn` is called after each image."""
    found = []
    for evaluation in study.everywhere.evaluate_all(scout_jobs(study, count)):
        found.append(Scouted(evaluation, soundness_of(evaluation.observation, study.spec.search.allowed())))
        drawn()
    return sorted(found, key=lambda scouted: scouted.soundness.rank)


def lock(study: Study, seeds: list[int]) -> list[int]:
    """Adds seeds to the study's locked ones; returns all of them in order of locking."""
    merged: list[int] = study.workspace.update(LOCKED, lambda: list(dict.fromkeys([*locked_seeds(study), *seeds])))
    return merged


def unlock(study: Study, seeds: list[int]) -> list[int]:
    """Takes seeds from those that were locked, and returns what is left; their images and trials stay. Raises InputError for one
    that is not locked, or that the study file lists."""
    named = list(study.spec.seeds) if isinstance(study.spec.seeds, list) else []

    def left() -> list[int]:
        locked = locked_seeds(study)
        for seed in seeds:
            if seed in named:
                raise InputError(phrase("seed {seed} is listed in the study file", seed=seed), "seeds", "take it out there")
            if seed not in locked:
                listed = ", ".join(str(s) for s in locked) or "none"
                raise InputError(
                    phrase("seed {seed} is not locked", seed=seed),
                    study.workspace.root / f"{LOCKED}.json",
                    phrase("locked are: {listed}", listed=listed),
                )
        return [seed for seed in locked if seed not in seeds and seed not in named]

    study.workspace.update(LOCKED, left)
    return locked_seeds(study)


def check_drawn(study: Study, seeds: list[int]) -> None:
    """Raises InputError for a seed whose start image nobody has drawn here: its composition cannot have been accepted."""
    for seed in seeds:
        if not study.was_opened() or missing_images(study.everywhere, [Job(seed, study.locked)]):
            mend = "`huanhua scout STUDY` draws seeds to choose from; --unseen locks it without having seen it"
            raise InputError(phrase("seed {seed} was not scouted: nobody has seen its image", seed=seed), "lock", mend)


def check_figures_seen(locked: Evaluation) -> None:
    """Raises InputError for a locked image in which somebody is missing, of several people."""
    figures = {} if locked.observation.failed else locked.observation.figures
    missing = [name for name, seen in figures.items() if not seen.heads]
    if missing:
        what = phrase("the locked image shows nobody who could be {figures}", figures=joined(", ", missing))
        mend = "lock another seed: `huanhua scout STUDY` ranks those that show everybody first"
        raise InputError(what, phrase("seed {seed}", seed=locked.seed), mend)


def tell_unseen(study: Study, seeds: Sequence[int], callback: Callback) -> None:
    """Says of each of these that no person has chosen it by its image."""
    for seed in dict.fromkeys(seeds):
        try:
            if seed not in locked_seeds(study):
                check_drawn(study, [seed])
        except InputError as error:
            callback.message(error.what)


def locked_seeds(study: Study) -> list[int]:
    """The seeds that the study file lists, then those locked by a person. Raises InputError if what is stored are no seeds."""
    named = list(study.spec.seeds) if isinstance(study.spec.seeds, list) else []
    stored = study.workspace.read(LOCKED)
    if stored is None:
        stored = []
    if not isinstance(stored, list) or not all(is_seed(study, seed) for seed in stored):
        mend = "move it away, then `huanhua lock STUDY SEED`"
        raise InputError("no list of seeds", study.workspace.root / f"{LOCKED}.json", mend)
    return list(dict.fromkeys([*named, *stored]))


def is_seed(study: Study, value: object) -> bool:
    """Whether it is a whole number that the program which draws the study takes for a seed."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= study.spec.draw.largest_seed

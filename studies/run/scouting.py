"""Scouting: random seeds at the start weights, the soundest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from models.errors import InputError
from optimizer.evaluate.base import Evaluation
from optimizer.point import Job
from scorers.score.soundness import Soundness, soundness_of
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


def scout(study: Study, count: int, drawn: Callable[[], None]) -> list[Scouted]:
    """The best seed first. `drawn` is called after each image."""
    found = []
    for evaluation in study.evaluator.evaluate_all([Job(seed, study.start) for seed in scout_seeds(study, count)]):
        found.append(Scouted(evaluation, soundness_of(evaluation.observation)))
        drawn()
    return sorted(found, key=lambda scouted: scouted.soundness.rank)


def lock(study: Study, seeds: list[int]) -> list[int]:
    """Adds seeds to the study's locked ones; returns all of them in order of locking."""
    merged: list[int] = study.workspace.update(LOCKED, lambda: list(dict.fromkeys([*locked_seeds(study), *seeds])))
    return merged


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

"""Scouting: random seeds at the start weights, the soundest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optimizer.evaluate.base import Evaluation
from optimizer.point import Job
from scorers.score.soundness import Soundness, soundness_of
from studies.study import Study

LOCKED = "locked"


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
    merged = list(dict.fromkeys([*locked_seeds(study), *seeds]))
    study.workspace.write(LOCKED, merged)
    return merged


def locked_seeds(study: Study) -> list[int]:
    """The seeds that the study file lists, then those locked by a person."""
    named = list(study.spec.seeds) if isinstance(study.spec.seeds, list) else []
    return list(dict.fromkeys([*named, *(study.workspace.read(LOCKED) or [])]))

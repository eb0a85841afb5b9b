"""Scouting: random seeds at the start weights, the soundest first."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

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
    """The same seeds for the same study name, so that a resumed scouting renders nothing twice."""
    rng = np.random.default_rng(zlib.crc32(study.spec.name.encode()))
    return [int(s) for s in rng.integers(0, 2**31, size=count)]


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

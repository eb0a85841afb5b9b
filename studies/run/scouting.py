"""Random seeds at the start weights, ranked by what weights cannot mend: one person, both feet in frame, whole hands."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimizer.evaluate.base import Evaluation
from optimizer.point import Job
from scorers.observe.observation import Observation
from scorers.score.hands import A_PERSON, hands_score
from studies.study import Study

LOCKED = "locked"


@dataclass(frozen=True)
class Scouted:
    """One seed's image at the start weights; `faults` are what a person would throw it away for."""

    evaluation: Evaluation
    faults: tuple[str, ...]
    hands: float
    unseen: int
    """Of two hands, those that are neither seen nor at the end of an arm that leads out of sight: they may be gone."""

    @property
    def seed(self) -> int:
        return self.evaluation.seed


def scout_seeds(study: Study, count: int) -> list[int]:
    """The same seeds for the same study name, so that a resumed scouting draws nothing twice."""
    rng = np.random.default_rng(zlib.crc32(study.spec.name.encode()))
    return [int(s) for s in rng.integers(0, 2**31, size=count)]


def scout(study: Study, count: int, drawn: Callable[[], None]) -> list[Scouted]:
    """The best seed first. `drawn` is called after each image."""
    found = []
    for evaluation in study.evaluator.evaluate_all([Job(seed, study.start) for seed in scout_seeds(study, count)]):
        seen = evaluation.observation
        found.append(Scouted(evaluation, faults_of(seen), hands_score(seen), hands_unseen(seen)))
        drawn()
    return sorted(found, key=unsoundness)


def unsoundness(scouted: Scouted) -> tuple[int, int, float]:
    """What seeds are ranked by: faults, then hands that may be gone, then how broken the hands are that are seen."""
    return len(scouted.faults), scouted.unseen, scouted.hands


def hands_unseen(observation: Observation) -> int:
    led_away = sum(arm.end == "hidden" for arm in observation.arms)
    return max(0, A_PERSON - len(observation.hands) - led_away)


def faults_of(observation: Observation) -> tuple[str, ...]:
    """What is unsound about a full-body image, in words."""
    found = [observation.failed] if observation.failed else []
    if observation.heads != 1:
        found.append(f"{observation.heads} heads" if observation.heads else "no head")
    # Without a part parser feet are not counted: that is no fault of any seed.
    if observation.feet != 2 and not observation.windows:
        found.append(f"{observation.feet} feet" if observation.feet else "no feet in frame")
    if observation.face is None:
        found.append("no face found")
    if len(observation.hands) > 2:
        found.append(f"{len(observation.hands)} hands")
    return tuple(found)


def lock(study: Study, seeds: list[int]) -> list[int]:
    """Adds seeds to the study's locked ones; returns all of them in order of locking."""
    held = locked_seeds(study)
    merged = list(dict.fromkeys([*held, *seeds]))
    study.workspace.write(LOCKED, merged)
    return merged


def locked_seeds(study: Study) -> list[int]:
    """Seeds that the study file lists, then those locked by hand."""
    named = list(study.spec.seeds) if isinstance(study.spec.seeds, list) else []
    return list(dict.fromkeys([*named, *(study.workspace.read(LOCKED) or [])]))

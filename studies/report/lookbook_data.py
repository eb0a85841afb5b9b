"""What a study's stored results say of each locked seed, as plain values: the pick, its proof, the ladders, every trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from optimizer.evaluate.base import Evaluation
from optimizer.search.judged import Judged
from scorers.score.scores import Scores
from studies.grid.grid import missing, uncalibrated
from studies.run.before_trials import judge_for
from studies.run.blur_policy import little_clothing
from studies.run.calibration import plain_point
from studies.run.outcome import Outcome
from studies.run.trials import jobs_of_trials, stored_outcome, trial_store_of
from studies.study import Study


@dataclass(frozen=True)
class Looked:
    """One stored image, what it scores and what it breaks."""

    evaluation: Evaluation
    judged: Judged
    scores: Scores

    @property
    def bare(self) -> bool:
        return little_clothing(self.evaluation.observation)


@dataclass(frozen=True)
class SeedResult:
    """`trials` are in the order of the outcome's; `ladders` hold each LoRA's images alone, at this seed's calibration."""

    outcome: Outcome
    plain: Looked
    start: Looked
    trials: tuple[Looked, ...]
    ladders: Mapping[str, tuple[Looked, ...]]


def was_run(study: Study, seed: int) -> bool:
    """Whether any trial of this seed is stored."""
    return bool(trial_store_of(study, seed).finished())


def images_gone(study: Study, seed: int) -> int:
    """How many of the seed's images the cache has let go: they must be drawn again to be shown."""
    trials = missing(study, jobs_of_trials(study, seed), alone=True)
    return len(uncalibrated(study, seed) | trials)


def seed_result(study: Study, seed: int, drawn: Callable[[], None]) -> SeedResult:
    """Judges what is stored by the requirements as they stand now. `drawn` is called for each image that comes before trials;
    only those that the image cache has let go are drawn again."""
    judge, ladders = judge_for(study, seed, drawn)
    outcome = stored_outcome(study, seed, judge)

    def look(evaluation: Evaluation) -> Looked:
        judged, scores = judge.judge(evaluation)
        return Looked(evaluation, judged, scores)

    return SeedResult(
        outcome=outcome,
        plain=look(study.evaluator.evaluate(seed, plain_point(study))),
        start=look(study.evaluator.evaluate(seed, study.start)),
        trials=tuple(look(study.evaluator.evaluate(seed, record.judged.point)) for record in outcome.trials),
        ladders={ladder.lora: tuple(look(step) for step in ladder.steps) for ladder in ladders},
    )

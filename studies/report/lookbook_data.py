"""The stored results of a locked seed, scored for display: the pick, its proof, the ladders, every trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from optimizer.evaluate.base import Evaluation
from optimizer.evaluate.stored_images import load_evaluation
from optimizer.point import Job, Point
from optimizer.search.judged_point import Judged
from scorers.score.scores import Scores
from studies.run.blur_policy import little_clothing
from studies.run.calibration import load_calibration
from studies.run.ladders import plain_point
from studies.run.outcome import Outcome
from studies.run.stored_results import Stored
from studies.run.trials import stored_outcome
from studies.study import Study


@dataclass(frozen=True)
class JudgedEvaluation:
    """One stored image with its scores and violations."""

    evaluation: Evaluation
    judged: Judged
    scores: Scores

    @property
    def bare(self) -> bool:
        return little_clothing(self.evaluation.observation)


@dataclass(frozen=True)
class SeedResult:
    """`trials` are in the order of the outcome's; `ladders` hold each LoRA's images alone, at this seed's calibration."""

    stored: Stored
    plain: JudgedEvaluation
    start: JudgedEvaluation
    trials: tuple[JudgedEvaluation, ...]
    ladders: Mapping[str, tuple[JudgedEvaluation, ...]]
    start_note: str
    """What a run said of the start image; empty where it is sound."""

    @property
    def outcome(self) -> Outcome:
        return self.stored.outcome


def seed_result(study: Study, seed: int) -> SeedResult:
    """Judges what is stored by the requirements as they are now. Draws nothing: raises InputError if an image is missing."""
    calibrated = load_calibration(study, seed)
    judge = calibrated.judge
    outcome = stored_outcome(study, seed, judge)

    def judge_image(evaluation: Evaluation) -> JudgedEvaluation:
        judged, scores = judge.judge(evaluation)
        return JudgedEvaluation(evaluation, judged, scores)

    def load(point: Point) -> JudgedEvaluation:
        return judge_image(load_evaluation(study.evaluator, Job(seed, point)))

    return SeedResult(
        stored=Stored(judge, calibrated.ladders, outcome),
        plain=judge_image(load_evaluation(study.everywhere, Job(seed, plain_point(study)))),
        start=load(study.start),
        trials=tuple(load(record.judged.point) for record in outcome.trials),
        ladders={ladder.lora: tuple(judge_image(step) for step in ladder.images()) for ladder in calibrated.ladders},
        start_note=calibrated.start_note,
    )

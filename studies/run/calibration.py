"""Draws what the scores are measured against: each LoRA's own ladder, once, and the plain image of every seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optimizer.evaluate.base import Evaluation
from optimizer.point import Job, Point
from scorers.score.calibration import Calibration, calibrate, similarity
from studies.study import Study

LADDER = (0.25, 0.5, 0.75, 1.0)
"""Shares of a LoRA's upper bound at which it is drawn alone."""


@dataclass(frozen=True)
class Ladder:
    """One LoRA alone at rising weights: its images and raw similarities in [0, 1]."""

    lora: str
    steps: tuple[Evaluation, ...]
    raw: tuple[float, ...]


def calibration_seed(study: Study, seed: int) -> int:
    """The seed at which ladders are drawn: the first one calibrated, kept for all later seeds."""
    held = study.workspace.read("calibration")
    if held is None:
        study.workspace.write("calibration", {"seed": seed})
        return seed
    return int(held["seed"])


def ladder_points(study: Study, lora: str) -> list[Point]:
    top = study.spec.loras[lora].bounds[1]
    prompt = study.plain_prompt(keep=lora)
    return [Point({lora: round(share * top, 6)}, study.spec.render.cfg, prompt) for share in LADDER]


def plain_point(study: Study) -> Point:
    """All searched LoRAs at 0 and the prompt without their trigger words."""
    return Point({}, study.spec.render.cfg, study.plain_prompt())


def draw_ladders(study: Study, seed: int, drawn: Callable[[], None]) -> list[Ladder]:
    """`drawn` is called after each image."""
    found = []
    at = calibration_seed(study, seed)
    for lora, references in study.references.items():
        steps = []
        for evaluation in study.evaluator.evaluate_all([Job(at, point) for point in ladder_points(study, lora)]):
            steps.append(evaluation)
            drawn()
        found.append(Ladder(lora, tuple(steps), tuple(similarity(s.observation, references) for s in steps)))
    return found


def calibrations(study: Study, plain: Evaluation, ladders: list[Ladder]) -> dict[str, Calibration]:
    """One calibration a LoRA: 0 is the plain image of this seed, 1 the best of the LoRA's ladder."""
    return {
        ladder.lora: calibrate(study.references[ladder.lora], plain.observation, [s.observation for s in ladder.steps])
        for ladder in ladders
    }

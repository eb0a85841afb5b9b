"""The weights that a study found for each of its LoRAs: the middle of its picks, and the range over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from models.errors import InputError
from studies.regions.words import words_of_regions
from studies.run.outcome import Outcome
from studies.schedules.words import words_at
from studies.study import Study


@dataclass(frozen=True)
class Recommended:
    """Of one LoRA, in units of weight."""

    lora: str
    weight: float
    """The median of the picks."""
    low: float
    high: float
    """The least and the greatest of the picks."""
    seeds: int
    """Picks behind it."""
    file: str = ""
    """Of a LoRA of several files, the label of what most picks draw with, the latest among equals; the weights are its."""

    def as_json(self) -> dict[str, Any]:
        found = {"lora": self.lora, "weight": self.weight, "low": self.low, "high": self.high, "seeds": self.seeds}
        return {**found, **({"file": self.file} if self.file else {})}


def recommended_weights(study: Study, outcomes: Sequence[Outcome]) -> list[Recommended]:
    """One a searched LoRA, from picks that meet all that is required, robustness included, and from those chosen by hand.

    Raises InputError if there is none.
    """
    if any(one.pick is not None and words_at(study.spec, one.pick.point) for one in outcomes):
        what = "the picks' LoRAs act in some of the steps only, and their weights hold nowhere else"
        raise InputError(what, study.spec.name, "take them from a study without schedules")
    if any(one.pick is not None and one.pick.point.acting_controls() for one in outcomes):
        what = "ControlNets act on the picks, and their weights hold nowhere else"
        raise InputError(what, study.spec.name, "take them from a study without control")
    if words_of_regions(study.spec):
        what = "the picks' LoRAs act in regions, and their weights hold nowhere else"
        raise InputError(what, study.spec.name, "take them from a study without regions")
    picks = [found.pick for found in outcomes if found.pick is not None and _counts(found)]
    if not picks:
        raise InputError("no seed has a pick that holds", study.spec.name, "see `huanhua show STUDY` for what blocks them")
    found, space = [], study.space
    for lora, section in study.spec.searched().items():
        by_file = [(space.file_of(pick.point, lora) if lora in space.files else "", pick.point.weights[lora]) for pick in picks]
        drawn = [label for label, _ in by_file]
        label = max(section.labels, key=lambda one: (drawn.count(one), section.labels.index(one))) if lora in space.files else ""
        weights = [weight for other, weight in by_file if other == label]
        found.append(Recommended(lora, round(median(weights), 3), min(weights), max(weights), len(weights), label))
    return found


def _counts(outcome: Outcome) -> bool:
    return outcome.pick is not None and (outcome.by_hand or outcome.record(outcome.pick).verdict.settled)

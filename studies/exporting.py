"""The pick in A1111's words."""

from __future__ import annotations

from optimizer.point import Job
from studies.building import Study
from studies.infotext import Infotext
from studies.outcome import Outcome
from studies.point_infotext import fixed_weights, point_infotext


def pick_infotext(study: Study, outcome: Outcome) -> Infotext:
    """Prompt, LoRA weights, seed and settings of the pick. `outcome.pick` must not be None."""
    assert outcome.pick is not None
    point = outcome.pick.point
    weights = {name: weight for name, weight in {**point.weights, **fixed_weights(study)}.items() if weight}
    return point_infotext(study, Job(outcome.seed, point), weights)

"""The noise of constraints, and how sure a verdict is in spite of it.

With v the violation of a constraint as measured and s the standard deviation of its noise, the true one is taken as N(v, s^2):
the constraint is met with probability Phi(-v / s). Noises count as independent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import TypeAlias

import numpy as np

from scorers.observe.observation import Observation
from scorers.score.constraints import Constraint
from scorers.score.judge import ImageJudge
from scorers.score.registry import counts_faults

Copies: TypeAlias = Sequence[Sequence[Constraint]]
"""The constraints of each copy, in the same order."""


def constraints_of_copies(judge: ImageJudge, copies: Sequence[Observation]) -> Copies:
    return [judge.constraints(judge.scores(seen)) for seen in copies]


def noise_over(copies: Copies) -> dict[str, float]:
    """Standard deviation of each constraint's value over copies of one image that show the same, in the constraint's units.

    Without those that count faults, and those that were no number in a copy; nothing where there are fewer than two copies.
    """
    if len(copies) < 2:
        return {}
    rows = [{c.name: c.value for c in copy} for copy in copies]
    values = {name: np.array([row[name] for row in rows]) for name in rows[0] if not counts_faults(name)}
    return {name: float(v.std(ddof=1)) for name, v in values.items() if np.isfinite(v).all()}


def unsteady(copies: Copies) -> dict[str, int]:
    """By score that counts faults: in how many copies the fewer agree; those in which all agree are left out."""
    rows = [{c.name: c.violated for c in copy if counts_faults(c.name)} for copy in copies]
    found = {name: sum(row[name] for row in rows) for name in (rows[0] if rows else ())}
    return {name: min(count, len(rows) - count) for name, count in found.items() if 0 < count < len(rows)}


def chance_met(violations: Mapping[str, float], noise: Mapping[str, float]) -> float:
    """The probability, in [0, 1], that every constraint is truly met. One whose noise is not known, or 0, is as it was
    measured; NaN is not met."""
    return math.prod(_met(value, noise.get(name, 0.0)) for name, value in violations.items())


def _met(violation: float, sd: float) -> float:
    if math.isnan(violation) or sd <= 0:
        return float(violation <= 0)
    return NormalDist().cdf(-violation / sd)

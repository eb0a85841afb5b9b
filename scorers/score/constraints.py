"""From scores to constraints: what must be met, and by how much each is violated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.errors import InputError
from models.language.translate import phrase
from scorers.observe.observation import Observation
from scorers.score.base import Limit
from scorers.score.other_faces import distinct_name
from scorers.score.registry import SCORES
from scorers.score.requirements import Requirements
from scorers.score.scores import Scores


@dataclass(frozen=True)
class Constraint:
    """One thing that an image must meet: `value` may be at most `limit`.

    What must be at least something has both negated, so that a violation is read alike everywhere.
    """

    name: str
    """A LoRA, a score of the whole image, or a plugged-in scorer."""
    value: float
    limit: float
    label: str
    """For people: `dress 0.62, needs 0.70`."""

    @property
    def violation(self) -> float:
        """How far it is from being met: at most 0 is met, NaN is not."""
        return self.value - self.limit

    @property
    def violated(self) -> bool:
        return self.value > self.limit


def limits_of(requirements: Requirements, locked: Observation) -> tuple[Limit, ...]:
    """The limits of all scores at the seed of a locked image, in the order of the registry."""
    return tuple(Limit(score, score.most(locked, requirements.allowed.get(score.name))) for score in SCORES)


def needs_other_seeds(requirements: Requirements) -> bool:
    """Whether a required score is measured against images of other seeds."""
    return any(score.compares_seeds and score.name in requirements.allowed for score in SCORES)


def constraints_of(scores: Scores, requirements: Requirements, limits: Sequence[Limit]) -> tuple[Constraint, ...]:
    """One constraint for each LoRA and scorer that `requirements` name, and for each of `limits` that is set.

    A LoRA that is not measurable here counts as not shown, a scorer that failed violates by 1. The order is part of what is
    stored: LoRAs, scores that are always required, plugged-in scorers, scores that may be required, faces of several figures.
    Raises InputError if a LoRA is required that was not scored.
    """
    always = [limit for limit in limits if not limit.score.optional]
    optional = [limit for limit in limits if limit.score.optional]
    return (
        *(_expression(scores, name, least) for name, least in requirements.expression.items()),
        *_limited(scores, always),
        *(_extra(scores, name, least) for name, least in requirements.extra.items()),
        *_limited(scores, optional),
        *(_distinct(scores, name) for name in requirements.distinct),
    )


def constraint_names(requirements: Requirements, limits: Sequence[Limit]) -> frozenset[str]:
    """The names of the constraints that `constraints_of` gives."""
    return frozenset(
        (
            *requirements.expression,
            *requirements.extra,
            *(limit.name for limit in limits if limit.value is not None),
            *map(distinct_name, requirements.distinct),
        )
    )


def _expression(scores: Scores, name: str, least: float) -> Constraint:
    if name not in scores.expression:
        raise InputError("a requirement for a LoRA that is not scored", name, "give it a kind and references")
    value = scores.expression[name]
    shown = "not measurable" if value is None else f"{value:.2f}"
    return Constraint(name, -(value or 0.0), -least, f"{name} {shown}, needs {least:.2f}")


def _extra(scores: Scores, name: str, least: float) -> Constraint:
    value = scores.extra.get(name)
    if value is None:
        return Constraint(name, 1.0, 0.0, f"{name} failed, needs {least:.2f}")
    return Constraint(name, -value, -least, f"{name} {value:.2f}, needs {least:.2f}")


def _distinct(scores: Scores, name: str) -> Constraint:
    more = scores.other_faces.get(name, 0.0)
    label = phrase("{name} looks like another figure's face by {more:.2f} more than like its own", name=name, more=more)
    if more <= 0:
        label = phrase("{name} looks like its own face by {less:.2f} more than like another figure's", name=name, less=-more)
    return Constraint(distinct_name(name), more, 0.0, label)


def _limited(scores: Scores, limits: Sequence[Limit]) -> list[Constraint]:
    found = []
    for limit in limits:
        if limit.value is None:
            continue
        measured = scores.whole[limit.name]
        label = f"{limit.name} {measured.text()}" + ("" if limit.score.counted else f", at most {limit.value:.2f}")
        found.append(Constraint(limit.name, measured.value, limit.value, label))
    return found

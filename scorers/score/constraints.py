"""From scores to constraints: what must be met, and by how much each is violated."""

from __future__ import annotations

from collections.abc import Mapping

from models.errors import InputError
from scorers.score.scores import Scores


def violations(
    scores: Scores,
    require: Mapping[str, float],
    hands_allowed: float,
    drift_allowed: float | None = None,
    extra: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """How far each requirement is from being met: at most 0 is feasible. One entry for each LoRA of `require`, in units of its
    expression, and "hands" and "body"; "drift" only if an allowance is given; one for each of `extra`, the least that other
    people's scorers must give. One that failed misses by 1.

    A LoRA that is not measurable here is not shown as far as anyone can tell: its margin is the whole requirement.
    Raises InputError if `require` names a LoRA that was not scored.
    """
    found = {}
    for name, least in require.items():
        if name not in scores.expression:
            raise InputError("a requirement for a LoRA that is not scored", name, "give it a kind and references")
        found[name] = least - (scores.expression[name] or 0.0)
    found |= {"hands": scores.hands - hands_allowed, "body": float(len(scores.body))}
    for name, least in (extra or {}).items():
        value = scores.extra.get(name)
        found[name] = 1.0 if value is None else least - value
    return found if drift_allowed is None else {**found, "drift": scores.drift - drift_allowed}

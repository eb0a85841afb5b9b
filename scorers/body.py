"""What scouting throws away must not come back: a second head, a third foot, a foot gone."""

from __future__ import annotations

from scorers.observation import Observation


def body_violations(observation: Observation, locked: Observation) -> list[str]:
    """One plain line for each thing wrong beside the locked image; empty if all is well."""
    if observation.failed:
        return [observation.failed]
    found = []
    if observation.heads > max(1, locked.heads):
        found.append(f"{observation.heads} heads")
    if observation.heads == 0 and locked.heads > 0:
        found.append("no head")
    if locked.feet == 2 and observation.feet != 2:
        found.append(f"{observation.feet} feet where the locked image shows 2")
    return found

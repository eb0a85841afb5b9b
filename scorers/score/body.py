"""What scouting throws away must not come back: a second head, a third foot or hand, a foot or hand gone."""

from __future__ import annotations

from scorers.observe.observation import Observation
from scorers.score.hands import A_PERSON, large_hands


def body_violations(observation: Observation, locked: Observation, hands_lost: int = 0) -> list[str]:
    """One plain line for each thing wrong beside the locked image; empty if all is well. `hands_lost` is
    scorers.score.missing_hands's."""
    if observation.failed:
        return [observation.failed]
    found = []
    if observation.heads > max(1, locked.heads):
        found.append(f"{observation.heads} heads")
    if observation.heads == 0 and locked.heads > 0:
        found.append("no head")
    if not min(A_PERSON, locked.feet) <= observation.feet <= max(A_PERSON, locked.feet):
        found.append(f"{observation.feet} feet where the locked image shows {locked.feet}")
    hands, before = len(large_hands(observation)), len(large_hands(locked))
    if hands > max(A_PERSON * max(1, observation.heads), before):
        found.append(f"{hands} hands where the locked image shows {before}")
    if hands_lost:
        found.append(f"{hands_lost} hand{'s' if hands_lost > 1 else ''} not found")
    return found

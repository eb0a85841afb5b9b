"""All scores of an image as a whole. A new one is a file in this folder and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from scorers.observe.observation import Observation
from scorers.score.base import Score
from scorers.score.body import BODY
from scorers.score.drift import DRIFT
from scorers.score.hands import HANDS

SCORES: Final[tuple[Score, ...]] = (HANDS, BODY, DRIFT)
BY_NAME: Final[Mapping[str, Score]] = MappingProxyType({score.name: score for score in SCORES})


def counts_faults(name: str) -> bool:
    """Whether a constraint is a score that counts faults, 0 for none; False for a LoRA's."""
    return name in BY_NAME and BY_NAME[name].counted


def standalone_scores(observation: Observation) -> dict[str, float]:
    """By name those that mean something for an image that is compared with none."""
    return {score.name: value for score in SCORES if (value := score.alone(observation)) is not None}

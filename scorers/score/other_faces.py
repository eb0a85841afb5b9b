"""Faces of several people: nobody may wear another's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from models.lora_kinds import ScoredKind
from scorers.observe.observation import Observation
from scorers.observe.references import References
from scorers.score.calibration import similarity

DISTINCT: Final = "distinct"
"""After a face LoRA's name: the constraint that its figure looks more like its own photos than like another figure's face."""


def distinct_name(lora: str) -> str:
    """The name of that constraint."""
    return f"{lora} {DISTINCT}"


def other_faces(
    observation: Observation, references: Mapping[str, References], kinds: Mapping[str, ScoredKind]
) -> dict[str, float]:
    """By face LoRA, by how much its figure's face is more like the photos of another figure's face LoRA than like its own: a
    difference of raw similarities, in [-1, 1], above 0 where it wears the other's face. Empty with fewer than two figures' faces.
    """
    own = {name: references[name].figure for name, kind in kinds.items() if kind == "face"}
    found = {}
    for name, figure in own.items():
        rivals = [other for other, theirs in own.items() if None not in (figure, theirs) and theirs != figure]
        if rivals:
            nearest = max(similarity(observation, replace(references[other], figure=figure)) for other in rivals)
            found[name] = nearest - similarity(observation, references[name])
    return found

"""The objectives that scores contribute to the Optuna study, so that optuna-dashboard shows the trade-offs.

The cost comes before them; it belongs to the search space (optimizer.search.space). The search itself reads the cost and the
constraints alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from models.lora_kinds import LoraKind, ScoredKind
    from scorers.score.scores import Scores


@dataclass(frozen=True)
class Objective:
    """One objective of the Optuna study of a seed."""

    name: str
    """As Optuna stores it: a changed name would split stored studies from new ones."""
    direction: Literal["minimize", "maximize"]
    measure: str
    """What it is the worst of: "garment" or "face" for LoRAs of that kind, or the name of a score of the whole image."""
    label: str
    """For buttons and columns."""


OBJECTIVES: Final = (
    Objective("worst garment", "maximize", "garment", "worst garment"),
    Objective("identity", "maximize", "face", "identity"),
    Objective("broken hands", "minimize", "hands", "hands"),
)


def objective_values(scores: Scores, kinds: Mapping[str, ScoredKind]) -> tuple[float, ...]:
    """One value for each of OBJECTIVES: the least expression of the LoRAs of a kind, 0 without any, or a score."""
    by_measure: dict[str, list[float]] = {}
    for name, kind in kinds.items():
        by_measure.setdefault(measure_of(kind), []).append(scores.expression[name] or 0.0)
    by_measure |= {name: [value] for name, value in scores.graded.items()}
    return tuple(min(by_measure.get(objective.measure, []), default=0.0) for objective in OBJECTIVES)


def measure_of(kind: LoraKind) -> str:
    """What a LoRA's expression counts towards."""
    return "face" if kind == "face" else "garment"

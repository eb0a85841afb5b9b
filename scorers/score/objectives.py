"""The objectives that scores contribute to the Optuna study, so that optuna-dashboard shows the trade-offs.

The cost comes before them; it belongs to the search space (optimizer.search.space). The search itself reads the cost and the
constraints alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


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

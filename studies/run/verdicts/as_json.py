"""Parts of an outcome for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optimizer.search.robustness import Robustness


def robustness_json(robustness: Robustness) -> dict[str, Any]:
    """Whether it holds, and what each side breaks."""
    broken = {side: [name for name, by in judged.violations.items() if by > 0] for side, judged in robustness.neighbours.items()}
    return {"off": robustness.off, "holds": robustness.holds, "breaks": broken}


def rounded(chance: float | None) -> float | None:
    return None if chance is None else round(chance, 4)

"""How surely a score tells two groups apart."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.stats import rankdata


def auc(low: Sequence[float], high: Sequence[float]) -> float:
    """The chance that one of `high` is above one of `low` (Mann and Whitney 1947)."""
    ranks = rankdata([*low, *high])[len(low) :]
    return float((ranks.sum() - len(high) * (len(high) + 1) / 2) / (len(low) * len(high)))

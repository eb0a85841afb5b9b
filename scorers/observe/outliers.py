"""Reference photos of a face that show somebody else, or that no recogniser can read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from scorers.observe.observation import Vector

LEAST: Final = 4
"""Photos from which the others can outvote one."""
SHARE: Final = 0.5
"""Of the photos' usual agreement, below which one is none of theirs. ArcFace gives photos of one person cosines of 0.4 to 0.8 and
of two persons about 0 to 0.2."""


def outliers(embeddings: Sequence[Vector]) -> list[int]:
    """Indices of unit vectors whose median cosine to the others is less than half of what is usual; none of fewer than four."""
    if len(embeddings) < LEAST:
        return []
    cosines = np.asarray(embeddings) @ np.asarray(embeddings).T
    np.fill_diagonal(cosines, np.nan)
    agreement = np.nanmedian(cosines, axis=1)
    usual = float(np.median(agreement))
    return [int(i) for i in np.flatnonzero(agreement < SHARE * usual)] if usual > 0 else []

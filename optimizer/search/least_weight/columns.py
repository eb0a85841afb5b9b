"""Where the axes of a search stand in rows of numbers: weights in the order of the space first, then the others."""

from __future__ import annotations

import numpy as np

from optimizer.search.least_weight.step_prior import Floats
from optimizer.search.space import Space


def columns_of(space: Space) -> dict[str, int]:
    """By axis."""
    return {name: column for column, name in enumerate((*space.weights, *space.free))}


def values_of(space: Space, values: Floats, axis: str, given: float) -> Floats:
    """Of each row the value of an axis; `given` where the search has none of that name: (M,)."""
    column = columns_of(space).get(axis)
    return np.full(len(values), given) if column is None else values[:, column]

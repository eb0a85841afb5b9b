"""Rounding of what is stored: finer than any score needs, and small on disk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scorers.observe.observation import Vector


def rounded_vector(values: NDArray[np.floating]) -> Vector:
    """Five decimals."""
    return tuple(float(v) for v in np.round(np.asarray(values, np.float64), 5))

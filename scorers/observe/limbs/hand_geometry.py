"""Whether 21 points can be a hand: what projection and joints allow, by rules without training.

The points are COCO-WholeBody's: the wrist, then thumb, forefinger, middle, ring and little finger from root to tip. A hand in a
picture is a projection of rigid bones: turned away they look shorter, never longer, and finger joints bend one way only. A model
of 21 points always answers with five fingers, so a sixth one is not seen here.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

CONFIDENT: Final = 0.3
"""Confidence from which a point counts as found: DWPose's own threshold."""
FOUND: Final = 0.5
"""Share of a hand's 21 points that must be confident for a hand to be there at all."""
FINGERS: Final = tuple(tuple(range(first, first + 4)) for first in (1, 5, 9, 13, 17))
BONES: Final = np.array([bone for finger in FINGERS for bone in pairwise((0, *finger))])
LENGTHS: Final = np.array(
    [0.47, 0.50, 0.37, 0.31, 1.0, 0.52, 0.30, 0.24, 1.0, 0.58, 0.36, 0.26, 0.94, 0.54, 0.34, 0.26, 0.89, 0.41, 0.24, 0.22]
)
"""Of the bones, in lengths from the wrist to the forefinger's root: roughly a hand's proportions; `LONGER` leaves room."""
LONGER: Final = (1.3, 2.0)
"""How much longer than the fourth longest the longest bone may look, each by its own length: a little, and impossible."""
BACKWARD: Final = (0.3, 0.9)
"""Radians by which a finger's joints may turn against each other in the picture."""
CROSSED: Final = (0.5, 4.0)
"""Crossings of finger bones: a fist seen from the side has one or two."""


def is_found(confidence: NDArray[np.floating]) -> bool:
    """Whether the model sees a hand at all, by its 21 confidences."""
    return float((confidence >= CONFIDENT).mean()) >= FOUND


def implausible(points: NDArray[np.floating], confidence: NDArray[np.floating]) -> float:
    """In [0, 1], 0 for what can be a hand: the worst of bones too long, joints bent backward, fingers crossed, and the share of
    points that the model is not sure of beyond a third. `points` (21, 2) in pixels, `confidence` (21,) in [0, 1]."""
    unsure = float((confidence < CONFIDENT).mean())
    at = np.asarray(points, np.float64)
    return max(
        _ramp(_longest(at), *LONGER), _ramp(_backward(at), *BACKWARD), _ramp(_crossings(at), *CROSSED), _ramp(unsure, 1 / 3, 1.0)
    )


def _longest(points: NDArray[np.float64]) -> float:
    """The length of the longest bone relative to the fourth longest, each over its true length: several bones of a hand lie along
    the picture at once, so one that stands out is no projection."""
    ratios = np.sort(np.linalg.norm(points[BONES[:, 1]] - points[BONES[:, 0]], axis=1) / LENGTHS)[::-1]
    return float(ratios[0] / ratios[3]) if ratios[3] > 0 else (1.0 if ratios[0] == 0 else np.inf)


def _backward(points: NDArray[np.float64]) -> float:
    """The worst finger's turn against its own: radians of the lesser of two successive turns of opposite sense. The thumb's root
    turns in a plane of its own and is left out."""
    worst = 0.0
    for finger in FINGERS[1:]:
        steps = np.diff(points[list(finger)], axis=0)
        angles = np.arctan2(steps[:-1, 0] * steps[1:, 1] - steps[:-1, 1] * steps[1:, 0], (steps[:-1] * steps[1:]).sum(1))
        if angles[0] * angles[1] < 0:
            worst = max(worst, float(np.abs(angles).min()))
    return worst


def _crossings(points: NDArray[np.float64]) -> int:
    """How many pairs of bones of different fingers cross; the thumb may lie across the palm and is left out."""
    bones = [(f, points[a], points[b]) for f, finger in enumerate(FINGERS[1:]) for a, b in pairwise(finger)]
    pairs = ((p, q) for i, p in enumerate(bones) for q in bones[i + 1 :] if p[0] != q[0])
    return sum(_cross(p[1], p[2], q[1], q[2]) for p, q in pairs)


def _cross(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], d: NDArray[np.float64]) -> bool:
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def _ramp(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0, 1))

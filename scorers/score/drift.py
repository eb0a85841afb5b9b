"""Drift: how far the figure has moved from the locked image's composition.

It reads keypoints alone, so that clothes and faces may change.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Final, TypeAlias

import numpy as np

from scorers.observe.observation import Observation, Point
from scorers.score.base import Comparison, Score

LOST: Final = 0.25
"""Figure heights by which a point without a counterpart counts as moved."""
TRIED: Final = 5
"""Points of a kind that are matched by trying every pairing; more by scipy."""
Distances: TypeAlias = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def keypoint_distance(observation: Observation, locked: Observation) -> float:
    """Mean distance of head, hands and feet between two images in heights of the locked figure, at least 0.

    Points are matched within their kind so that the sum is least. 0 if neither image has points.
    """
    unit = locked.height or observation.height
    moved: list[float] = []
    for name in sorted({*observation.points, *locked.points}):
        a, b = _array(observation.points.get(name, ())), _array(locked.points.get(name, ()))
        apart = np.linalg.norm(a[:, None] - b[None, :], axis=-1) / unit if unit > 0 else np.zeros((len(a), len(b)))
        moved += [min(d, LOST) for d in least_pairs(apart)]
        moved += [LOST] * abs(len(a) - len(b))
    return float(np.mean(moved)) if moved else 0.0


def drift(observation: Observation, locked: Observation, others: Sequence[Observation] = ()) -> float:
    """0 is the locked image again. With images of other seeds, 1 is their median; without, the unit is the figure's height."""
    distance = keypoint_distance(observation, locked)
    if not others:
        return distance
    usual = float(np.median([keypoint_distance(other, locked) for other in others]))
    return distance / usual if usual > 0 else distance


def least_pairs(apart: Distances) -> list[float]:
    """The distances of the pairing with the least sum.

    Few points are tried in every way: scipy, which solves it for many, takes longer to import than all else of a `show`.
    """
    few, many = sorted(apart.shape)
    wide = apart if apart.shape[0] == few else apart.T
    if many <= TRIED:
        ways = ([float(wide[row, column]) for row, column in enumerate(order)] for order in permutations(range(many), few))
        return min(ways, key=sum)
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(wide)
    return [float(d) for d in wide[rows, columns]]


def _array(points: Sequence[Point]) -> Distances:
    return np.array(points, np.float64).reshape(-1, 2)


def _measure(image: Comparison) -> float:
    return drift(image.observation, image.locked, image.others)


def _limit(_locked: Observation, allowed: float | None) -> float | None:
    return allowed


DRIFT: Final = Score("drift", _measure, _limit, optional=True, compares_seeds=True)

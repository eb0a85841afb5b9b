"""Hands as 21 points, drawn from the joints' own freedom: bones of true length, joints that bend one way, turned in space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROOTS = np.array([[-0.42, 0.2], [-0.28, 0.96], [0.0, 1.0], [0.22, 0.92], [0.42, 0.8]])
"""Across and along the palm, of thumb to little finger."""
BONES = [(0.5, 0.37, 0.31), (0.52, 0.3, 0.24), (0.58, 0.36, 0.26), (0.54, 0.34, 0.26), (0.41, 0.24, 0.22)]
FAN = (-0.7, -0.15, 0.0, 0.12, 0.25)


def hand(rng: np.random.Generator, size: float = 60.0) -> NDArray[np.float64]:
    """(21, 2) pixels: a whole hand in a random pose, its palm at most 60 degrees away from the picture."""
    bend, points = rng.uniform(0, 1.2), [np.zeros(3)]
    for root, bones, fan in zip(ROOTS, BONES, FAN, strict=True):
        at, pitch = np.array([*root, 0.0]), 0.0
        turn = fan * rng.uniform(0.6, 1.4)
        points.append(at)
        for bone in bones:
            pitch += max(0.0, bend * rng.uniform(0.5, 1.3) / 2)
            at = at + bone * np.array([np.sin(turn) * np.cos(pitch), np.cos(turn) * np.cos(pitch), np.sin(pitch)])
            points.append(at)
    found = np.array(points) @ turned(rng).T
    return found[:, :2] * size + rng.normal(0, 0.01 * size, (21, 2)) + 200


def turned(rng: np.random.Generator) -> NDArray[np.float64]:
    from scipy.spatial.transform import Rotation

    angles = (rng.uniform(-np.pi, np.pi), rng.uniform(-1, 1), rng.uniform(-1, 1))
    return np.asarray(Rotation.from_euler("zyx", angles).as_matrix())


def broken(rng: np.random.Generator) -> NDArray[np.float64]:
    """A hand with one finger as generated pictures break them: drawn out, bent backward, or swapped with another."""
    points = hand(rng)
    first = int(rng.choice((5, 9, 13)))
    way = int(rng.integers(3))
    if way == 0:
        points[first + 1 : first + 4] += 1.6 * (points[first + 1] - points[first])
    elif way == 1:
        along = points[first + 1] - points[first]
        across = np.array([-along[1], along[0]])
        points[first + 2] = points[first + 1] + 0.5 * across
        points[first + 3] = points[first + 2] + 0.6 * along - 0.2 * across
    else:
        tips = [first + 2, first + 3]
        points[tips], points[[t + 4 for t in tips]] = points[[t + 4 for t in tips]].copy(), points[tips].copy()
    return points

"""The shapes of a figure's parts, from the 133 points of a whole-body pose (COCO-WholeBody: Jin et al. 2020)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from models.vision.pose import Pose
from scorers.observe.limbs.hand_geometry import CONFIDENT, is_found
from scorers.observe.limbs.pose_hands import HANDS

Limb = Literal["face", "cheeks", "crown", "neck", "torso", "arm", "hand", "thigh", "shin", "foot"]
Points = NDArray[np.float64]

BODY: Final = slice(0, 17)
HEAD: Final = slice(0, 5)
FACE: Final = slice(23, 91)
EYES: Final = slice(59, 71)
CHIN: Final = 31
SHOULDERS: Final = (5, 6)
HIPS: Final = (11, 12)
BONES: Final[tuple[tuple[Limb, int, int], ...]] = (
    *(("arm", a, b) for a, b in ((5, 7), (7, 9), (6, 8), (8, 10))),
    *(("thigh", a, b) for a, b in ((11, 13), (12, 14))),
    *(("shin", a, b) for a, b in ((13, 15), (14, 16))),
)  # fmt: skip
FEET: Final = ((15, 17, 18, 19), (16, 20, 21, 22))
PALM: Final = (0, 1, 5, 9, 13, 17)
FINGERS: Final = tuple(tuple(range(first, first + 4)) for first in (1, 5, 9, 13, 17))
LEAST: Final = 4
"""Body points that must be found for there to be a figure."""
HEADS_WIDE: Final = 2.2
"""Shoulders, in widths of a face."""
SHINS: Final = 0.8
"""The same in lengths of a shin, where only legs are in the picture."""
TALL: Final = 0.7
"""Shoulders, in lengths of the torso: what they are at least, however the figure is turned."""
DEEP: Final = 1.4
"""Length of a torso whose hips are not in the picture, in widths of the shoulders."""
RADII: Final[dict[Limb, float]] = {
    "torso": 0.16, "arm": 0.14, "thigh": 0.22, "shin": 0.18, "foot": 0.14,
}  # fmt: skip
"""Half of a limb's thickness in widths of the shoulders, those of a clothed adult."""
NECK: Final = 0.22
"""The same of the neck and of what a neckline shows."""
FINGER: Final = 0.2
"""The same of a finger, in lengths from the wrist to the middle finger's root."""
HAIRLINE: Final = 1.5
CROWN: Final = 2.1
"""Heights of hairline and crown above the chin, in heights of the eyes above it."""


@dataclass(frozen=True)
class Shape:
    """A convex polygon or a line (`points` (n, 2) in pixels) and how far around it the limb reaches, in pixels."""

    limb: Limb
    points: Points
    radius: float


@dataclass(frozen=True)
class Skeleton:
    """The shapes of one figure; `unit` is the width of its shoulders in pixels."""

    shapes: tuple[Shape, ...]
    unit: float


def skeleton_of(pose: Pose) -> Skeleton | None:
    """None where too few points are found for a figure: these models answer with points whatever they are shown."""
    sure = pose.confidence >= CONFIDENT
    at = np.asarray(pose.points, np.float64)
    has_face = is_found(pose.confidence[FACE])
    unit = _unit(at, sure, has_face) if sure[BODY].sum() >= LEAST else 0.0
    if unit < 1:
        return None
    shapes = [*_head(at, sure, has_face, unit), *_torso(at, sure, has_face, unit), *_limbs(at, sure, unit)]
    for wrist, hand in zip((9, 10), HANDS, strict=True):
        if is_found(pose.confidence[hand]):
            shapes += _hand(at[hand], sure[hand])
        elif sure[wrist]:
            shapes.append(Shape("arm", at[[wrist]], RADII["arm"] * unit))
    return Skeleton(tuple(shapes), unit)


def _unit(at: Points, sure: NDArray[np.bool_], has_face: bool) -> float:
    """The width of the shoulders in pixels; 0 where nothing tells it."""
    found = []
    if sure[list(SHOULDERS)].all():
        found.append(_apart(at, SHOULDERS))
        if sure[list(HIPS)].all():
            found.append(TALL * float(np.linalg.norm(at[list(SHOULDERS)].mean(0) - at[list(HIPS)].mean(0))))
    elif has_face:
        found.append(HEADS_WIDE * float(np.ptp(at[FACE], axis=0).max()))
    else:
        found += [SHINS * _apart(at, (a, b)) for limb, a, b in BONES if limb == "shin" and sure[a] and sure[b]]
    return max(found, default=0.0)


def _head(at: Points, sure: NDArray[np.bool_], has_face: bool, unit: float) -> Iterator[Shape]:
    """The face up to the hairline, and what of the head is beyond it."""
    if has_face:
        chin, eyes, points = at[CHIN], at[EYES].mean(0), at[FACE]
        up, wide = eyes - chin, float(np.ptp(points @ _across(eyes - chin)))
        above = points[points @ up > eyes @ up] if np.any(up) else points[:0]
        raised = [chin + up * HAIRLINE + _across(up) * wide * share for share in (-0.3, 0.0, 0.3)]
        yield Shape("face", np.concatenate([points, above, raised]), 0.04 * wide)
        below = points[(points - eyes) @ up < -0.25 * (up @ up)]
        yield Shape("cheeks", below if len(below) else points, 1.0)
        yield Shape("crown", np.stack([eyes, chin + up * (CROWN - 0.8)]), 0.62 * wide)
    elif sure[HEAD].any():
        yield Shape("crown", at[HEAD][sure[HEAD]], 0.3 * unit)


def _torso(at: Points, sure: NDArray[np.bool_], has_face: bool, unit: float) -> Iterator[Shape]:
    if not sure[list(SHOULDERS)].all():
        return
    shoulders = at[list(SHOULDERS)]
    if sure[list(HIPS)].all():
        hips = at[list(HIPS)]
    else:
        down = -_across(shoulders[0] - shoulders[1])
        head = at[HEAD][sure[HEAD]]
        # The head tells which side of the shoulders is up, also in pictures of somebody who lies.
        down = -down if len(head) and (head.mean(0) - shoulders.mean(0)) @ down > 0 else down
        hips = shoulders + DEEP * unit * down
    yield Shape("torso", np.concatenate([shoulders, hips[::-1]]), RADII["torso"] * unit)
    if has_face:
        yield Shape("neck", np.stack([at[CHIN], shoulders.mean(0)]), NECK * unit)


def _limbs(at: Points, sure: NDArray[np.bool_], unit: float) -> Iterator[Shape]:
    for limb, a, b in BONES:
        if sure[a] and sure[b]:
            yield Shape(limb, at[[a, b]], RADII[limb] * unit)
    for points in FEET:
        found = [i for i in points if sure[i]]
        if found:
            yield Shape("foot", at[found], RADII["foot"] * unit)


def _hand(at: Points, sure: NDArray[np.bool_]) -> Iterator[Shape]:
    radius = FINGER * max(1.0, float(np.linalg.norm(at[9] - at[0])))
    yield Shape("hand", at[[i for i in PALM if sure[i]]] if sure[list(PALM)].any() else at[list(PALM)], radius)
    for finger in FINGERS:
        found = [i for i in finger if sure[i]]
        yield from (Shape("hand", at[[a, b]], radius) for a, b in pairwise(found))


def _across(way: Points) -> Points:
    """The unit vector at a right angle to `way`."""
    length = float(np.linalg.norm(way))
    turned: Points = np.array([-way[1], way[0]]) / length if length else np.array([1.0, 0.0])
    return turned


def _apart(at: Points, pair: Sequence[int]) -> float:
    return float(np.linalg.norm(at[pair[0]] - at[pair[1]]))

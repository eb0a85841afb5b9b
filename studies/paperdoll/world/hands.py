"""A hand as polygons: whole, or broken in one of the named ways.

Coordinates are figure units relative to the wrist, the hand pointing along +x; `draw` turns and places it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from studies.paperdoll.world.figure import HandState

PALM = 6.5
FINGER_WIDTH = 3.9
FINGER_LENGTH = 10.5
SPREAD = (-0.75, -0.25, 0.25, 0.75)
THUMB = (1.55, 7.5)


@dataclass(frozen=True)
class Stroke:
    """A thick line from a to b."""

    a: tuple[float, float]
    b: tuple[float, float]
    width: float


@dataclass(frozen=True)
class HandShape:
    palm: tuple[float, float, float]
    strokes: tuple[Stroke, ...]
    tips: tuple[tuple[float, float], ...]


def _finger(centre: tuple[float, float], angle: float, length: float, width: float = FINGER_WIDTH) -> Stroke:
    cx, cy = centre
    start = (cx + math.cos(angle) * PALM * 0.6, cy + math.sin(angle) * PALM * 0.6)
    end = (cx + math.cos(angle) * (PALM + length), cy + math.sin(angle) * (PALM + length))
    return Stroke(start, end, width)


def hand_shape(state: HandState, thumb_side: int, rng: np.random.Generator) -> HandShape:
    """The hand's palm (x, y, radius) and finger strokes. `thumb_side` is -1 or +1."""
    gap = float(rng.uniform(5, 9)) if state == "detached" else 0.0
    centre = (PALM * 0.8 + gap, 0.0)
    angles, lengths = list(SPREAD), [FINGER_LENGTH] * 4
    if state == "extra":
        angles = [-0.94, -0.47, 0.0, 0.47, 0.94]
        lengths = [FINGER_LENGTH] * 5
    if state == "missing":
        keep = sorted(rng.permutation(4)[: int(rng.integers(1, 3))])
        angles, lengths = [SPREAD[i] for i in keep], [FINGER_LENGTH] * len(keep)
    if state == "blob":
        return HandShape((centre[0] + 2, 0.0, PALM * 1.35), (), ())
    strokes = [_finger(centre, a, n) for a, n in zip(angles, lengths, strict=True)]
    if state == "fused":
        strokes = [_finger(centre, -0.35, FINGER_LENGTH, 10.0), _finger(centre, 0.4, FINGER_LENGTH * 0.9, 10.0)]
    if state == "bent":
        strokes = [_bend(s, float(rng.choice((-1, 1)))) for s in strokes]
    thumb = _finger(centre, thumb_side * THUMB[0], THUMB[1] * 0.75)
    return HandShape((*centre, PALM), (*strokes, thumb), tuple(s.b for s in strokes))


def _bend(stroke: Stroke, side: float) -> Stroke:
    (ax, ay), (bx, by) = stroke.a, stroke.b
    angle = math.atan2(by - ay, bx - ax) + side * 1.1
    length = math.hypot(bx - ax, by - ay)
    return Stroke(stroke.a, (ax + math.cos(angle) * length, ay + math.sin(angle) * length), stroke.width)

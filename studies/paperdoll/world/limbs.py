"""Draws arms, in sleeves or bare, and hands."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import numpy as np

from studies.paperdoll.world import palette
from studies.paperdoll.world.clothes import SLEEVE, garment_part, skirt_part
from studies.paperdoll.world.figure import HIDDEN
from studies.paperdoll.world.hands import hand_shape
from studies.paperdoll.world.pen import Point
from studies.paperdoll.world.stage import Stage

SHOULDER: Final = (13.0, 81.0)
LENGTH: Final = 24.5
ANGLES: Final = {"arms spread": 0.12, "raised": -0.85, "arms down": 1.18}
"""Radians below the horizontal."""
BENT: Final[dict[str, tuple[Point, Point]]] = {
    "arms behind back": ((19.5, 97.0), (9.0, 109.0)),
    "hands in pockets": ((22.0, 96.0), (15.5, 114.0)),
}
"""Elbow and wrist of arms whose hands are hidden."""
HAND_REACH: Final = 17.0


def draw_arms(stage: Stage, rng: np.random.Generator, *, behind: bool) -> None:
    """The arms that are behind the garment, or those in front of it; `rng` varies how broken hands are broken."""
    pose = stage.figure.pose
    for index, side in enumerate((-1, 1)):
        raised = pose.arms == "one arm raised" and (side == -1) == (pose.raised == "left")
        in_front = pose.arms in ("arms down", "hands in pockets") or (pose.arms == "one arm raised" and not raised)
        if in_front == behind:
            continue
        if pose.arms in HIDDEN:
            _bent_arm(stage, index, side)
        else:
            way = "raised" if raised else "arms spread" if pose.arms == "arms spread" else "arms down"
            _straight_arm(stage, index, side, ANGLES[way], rng)


def _bent_arm(stage: Stage, index: int, side: int) -> None:
    points = [(side * x, y) for x, y in (SHOULDER, *BENT[stage.figure.pose.arms])]
    _arm(stage, [stage.p(*q) for q in points], index)
    if stage.figure.pose.arms == "hands in pockets":
        cloth = palette.CLOTH[stage.figure.garment.lower]
        x, y = points[-1]
        stage.poly([(x - 5, y - 2), (x + 5, y - 2), (x + 5, y + 8), (x - 5, y + 8)], cloth, skirt_part(stage))


def _straight_arm(stage: Stage, index: int, side: int, angle: float, rng: np.random.Generator) -> None:
    shoulder = (side * SHOULDER[0], SHOULDER[1])
    direction = (side * math.cos(angle), math.sin(angle))
    wrist = (shoulder[0] + direction[0] * LENGTH, shoulder[1] + direction[1] * LENGTH)
    _arm(stage, [stage.p(*shoulder), stage.p(*wrist)], index)
    stage.keypoints[f"{('left', 'right')[index]}_wrist"] = stage.p(*wrist)
    _hand(stage, index, wrist, direction, side, rng)


def _arm(stage: Stage, points: list[Point], index: int) -> None:
    """The arm along `points`, then its sleeve."""
    s, pen = stage.scale, stage.pen
    skin = palette.SKIN[stage.figure.identity.skin]
    stage.keypoints[f"{('left', 'right')[index]}_shoulder"] = points[0]
    for width, fill, part in ((8.2, palette.LINE, None), (6.8, skin, "arms")):
        for a, b in pairwise(points):
            pen.stroke(a, b, width * s, fill, part)
    g = stage.figure.garment
    covered = _first(points, SLEEVE[g.sleeves])
    for width, fill, part in ((9.8, palette.LINE, None), (8.0, palette.CLOTH[g.upper], garment_part(stage))):
        for a, b in pairwise(covered):
            pen.stroke(a, b, width * s, fill, part)


def _first(points: list[Point], share: float) -> list[Point]:
    """The first `share` of the way along the points; empty for 0."""
    lengths = [math.dist(a, b) for a, b in pairwise(points)]
    left = share * sum(lengths)
    found = [points[0]] if left > 0 else []
    for a, b, length in zip(points[:-1], points[1:], lengths, strict=True):
        if left <= 0:
            break
        t = min(1.0, left / length)
        found.append((a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t))
        left -= length
    return found


def _hand(stage: Stage, index: int, wrist: Point, direction: Point, side: int, rng: np.random.Generator) -> None:
    shape = hand_shape(stage.figure.pose.hands[index], -side, rng)
    s, pen = stage.scale, stage.pen
    skin = palette.SKIN[stage.figure.identity.skin]

    def place(q: Point) -> Point:
        x, y = q
        return stage.p(wrist[0] + direction[0] * x - direction[1] * y, wrist[1] + direction[1] * x + direction[0] * y)

    for grow, fill, part in ((1.5, palette.LINE, None), (0.0, skin, "hands")):
        for stroke in shape.strokes:
            pen.stroke(place(stroke.a), place(stroke.b), (stroke.width + grow) * s, fill, part)
        cx, cy, r = shape.palm
        pen.ellipse(place((cx, cy)), (r + grow / 2) * s, (r + grow / 2) * s, fill, part, outline=False)
    for i, tip in enumerate(shape.tips):
        stage.keypoints[f"{('left', 'right')[index]}_tip_{i}"] = place(tip)
    cx, cy = place((8.5, 0))
    r = HAND_REACH * s
    stage.hand_boxes.append((cx - r, cy - r, cx + r, cy + r))

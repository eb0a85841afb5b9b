"""Draws a head: hair behind and in front, eyes, mouth, and the marks that tell one person from another."""

from __future__ import annotations

import math

import numpy as np

from studies.paperdoll.world import palette
from studies.paperdoll.world.stage import Stage

CENTRE = (0.0, 47.0)
FRECKLES = ((-15.5, 58.0), (-12.0, 60.5), (-9.0, 57.8), (9.0, 57.8), (12.0, 60.5), (15.5, 58.0))


def draw_hair_behind(stage: Stage) -> None:
    identity = stage.figure.identity
    hair = palette.hair(identity.hair)
    if identity.style == "long hair":
        stage.poly([(-24, 40), (24, 40), (27, 96), (16, 99), (-16, 99), (-27, 96)], hair, "hair")
    if identity.style == "twintails":
        for side in (-1, 1):
            stage.oval((side * 29, 62), 8.5, 20, hair, "hair")
    if identity.style == "hair bun":
        stage.oval((0, 15), 10, 9, hair, "hair")


def draw_head(stage: Stage) -> None:
    identity = stage.figure.identity
    stage.oval(CENTRE, 22, 23, palette.SKIN[identity.skin], "face")
    stage.keypoints["head"] = stage.p(*CENTRE)
    for side, name in ((-1, "left_eye"), (1, "right_eye")):
        x, y = side * 9.0, 51.0
        stage.oval((x, y), 5.4, 6.2, (255, 255, 255), None)
        stage.oval((x, y + 0.6), 4.0, 4.9, palette.EYES[identity.eyes], None, outline=False)
        stage.oval((x, y + 1.0), 1.9, 2.6, (22, 20, 24), None, outline=False)
        stage.oval((x - 1.2, y - 1.6), 1.1, 1.1, (255, 255, 255), None, outline=False)
        stage.keypoints[name] = stage.p(x, y)
    stage.keypoints["nose"] = stage.p(0, 57)
    stage.keypoints["left_mouth"], stage.keypoints["right_mouth"] = stage.p(-4, 62), stage.p(4, 62)
    _marks(stage)
    _mouth(stage)
    _fringe(stage)


def _marks(stage: Stage) -> None:
    identity = stage.figure.identity
    if identity.blush:
        for side in (-1, 1):
            stage.oval((side * 13.0, 60.0), 5.6, 4.2, palette.BLUSH, None, outline=False)
    if identity.freckles:
        for spot in FRECKLES:
            stage.oval(spot, 1.9, 1.9, palette.FRECKLES, None, outline=False)
    if identity.mole:
        stage.oval((9.0, 64.2), 2.7, 2.7, palette.LINE, None, outline=False)
    if identity.glasses:
        s = stage.scale
        for side in (-1, 1):
            x, y = stage.p(side * 9.0, 51)
            stage.pen.curve((x - 8 * s, y - 7.5 * s, x + 8 * s, y + 7.5 * s), 0, 360, 2.0)


def _mouth(stage: Stage) -> None:
    mouth = stage.figure.pose.mouth
    if mouth == "open mouth":
        stage.oval((0, 63), 3.0, 3.2, (176, 40, 44), None)
    elif mouth == "smile":
        (x0, y0), (x1, y1) = stage.p(-5.5, 56), stage.p(5.5, 65)
        stage.pen.curve((x0, y0, x1, y1), 20, 160, 1.4)
    else:
        stage.pen.stroke(stage.p(-3.4, 63), stage.p(3.4, 63), 1.2, palette.LINE, None)


def _fringe(stage: Stage) -> None:
    identity = stage.figure.identity
    arc = [(23.5 * math.cos(t), 46 - 26 * math.sin(t)) for t in np.linspace(0, math.pi, 24)]
    edge = [(-20.0, 45.0), (-11.0, 41.5), (-1.0, 43.5), (10.0, 41.0), (20.0, 45.0)]
    sides = 58.0 if identity.style in ("short hair", "long hair") else 49.0
    points = [(23.5, sides), *arc, (-23.5, sides), (-20.0, sides - 1), *edge, (20.0, sides - 1)]
    stage.poly(points, palette.hair(identity.hair), "hair")
    if identity.pin is not None:
        stage.mark(identity.pin, (-12.5, 31.5), 10.0, "hair", outline=False)

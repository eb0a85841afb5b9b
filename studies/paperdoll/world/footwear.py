"""Draws legs, shoes, boots and sandals, and the stool of a sitting figure."""

from __future__ import annotations

import math

from studies.paperdoll.world import palette
from studies.paperdoll.world.pen import Point
from studies.paperdoll.world.stage import Stage

FEET = (-9.0, 9.0, 0.0)
TOPS = {"shoes": 170.0, "boots": 152.0}
SOLE_TOP = 177.5
STOOL: list[Point] = [(-19, 140), (19, 140), (19, 147), (16, 147), (16, 180), (-16, 180), (-16, 147), (-19, 147)]


def draw_legs(stage: Stage) -> None:
    skin = palette.SKIN[stage.figure.identity.skin]
    if stage.figure.pose.sitting:
        stage.low_poly(STOOL, palette.STOOL, None)
    for x in _feet(stage):
        stage.low_poly([(x - 4.5, 128), (x + 4.5, 128), (x + 4, 174), (x - 4, 174)], skin, "legs")
    for name, x in zip(("left_foot", "right_foot"), FEET, strict=False):
        stage.keypoints[name] = stage.ground(x, 178)


def draw_shoes(stage: Stage) -> None:
    for x in _feet(stage):
        toe = math.copysign(4.5, x) if x else 0.0
        _shoe(stage, x, x - 6 + min(toe, 0), x + 6 + max(toe, 0))


def _feet(stage: Stage) -> tuple[float, ...]:
    return FEET[: stage.figure.pose.feet]


def _shoe(stage: Stage, x: float, left: float, right: float) -> None:
    shoes = stage.figure.shoes
    colour = palette.CLOTH[shoes.colour]
    sole = palette.CLOTH[shoes.soles] if shoes.soles is not None else None
    if shoes.kind == "sandals":
        skin = palette.SKIN[stage.figure.identity.skin]
        foot: list[Point] = [(x - 5, 168), (x + 5, 168), (right - 1, 177), (right - 1, 181), (left + 1, 181), (left + 1, 177)]
        stage.low_poly(foot, skin, "feet")
        stage.low_poly([(x - 6, 164), (x + 6, 164), (x + 6, 169), (x - 6, 169)], colour, "feet")
        stage.low_poly([(left, 173.5), (right, 173.5), (right, 178.5), (left, 178.5)], colour, "feet")
        stage.low_poly([(left, 180), (right, 180), (right, 184), (left, 184)], sole or colour, "feet")
    else:
        top = TOPS[shoes.kind]
        stage.low_poly([(x - 6, top), (x + 6, top), (right, 176), (right, 183.5), (left, 183.5), (left, 176)], colour, "feet")
        if sole is not None:
            stage.low_poly([(left - 0.5, SOLE_TOP), (right + 0.5, SOLE_TOP), (right + 0.5, 184), (left - 0.5, 184)], sole, "feet")
    if shoes.dots is not None:
        high = {"shoes": 173.8, "boots": 163.0, "sandals": 176.0}[shoes.kind]
        r = {"shoes": 3.2, "boots": 4.4, "sandals": 4.4}[shoes.kind]
        stage.low_oval((x, high), r, r, palette.CLOTH[shoes.dots], "feet", outline=False)

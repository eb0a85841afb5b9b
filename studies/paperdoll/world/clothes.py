"""Draws garments: dress, shirt and skirt, or coat, with the trims that tell one from another."""

from __future__ import annotations

from typing import Final

from studies.paperdoll.world import palette
from studies.paperdoll.world.pen import Point
from studies.paperdoll.world.stage import Stage

BODICE: Final[list[Point]] = [(-13, 77), (-6, 76), (0, 81), (6, 76), (13, 77), (11, 108), (-11, 108)]
WAIST: Final = 107.0
LENGTH: Final = {"standing": (143.0, 25.0), "sitting": (137.0, 28.0)}
"""Where the skirt ends, and half its width there."""
COAT_END: Final = (150.0, 22.0)
DOTS: Final = ((-8, 116), (4, 114), (12, 124), (-2, 125), (-14, 132), (6, 134), (16, 135), (-5, 136))
SLEEVE: Final = {"none": 0.0, "short": 0.42, "long": 0.9}
"""Which share of an arm its sleeve covers."""


def garment_part(stage: Stage) -> str:
    """The part that sleeves and bodice belong to."""
    return "top" if stage.figure.garment.kind == "shirt and skirt" else "dress"


def skirt_part(stage: Stage) -> str:
    """The part that hem, emblem and pockets belong to."""
    return "skirt" if stage.figure.garment.kind == "shirt and skirt" else "dress"


def draw_garment(stage: Stage) -> None:
    g = stage.figure.garment
    upper, lower = palette.CLOTH[g.upper], palette.CLOTH[g.lower]
    end, half = _end(stage)
    skirt: list[Point] = [(-11, WAIST), (11, WAIST), (half, end), (-half, end)]
    part = skirt_part(stage)
    if g.kind == "shirt and skirt":
        stage.poly(skirt, lower, "skirt")
        stage.poly(BODICE, upper, "top")
    else:
        stage.poly([*BODICE[:6], *skirt[2:], (-11, 108)], upper, "dress")
    _pattern(stage, lower)
    if g.hem is not None:
        inner = half - 8 * (half - 11) / (end - WAIST)
        stage.poly([(-inner, end - 8), (inner, end - 8), (half, end), (-half, end)], palette.CLOTH[g.hem], part)
    _bodice_trims(stage)
    if g.emblem is not None:
        stage.mark(g.emblem, (0, 121.5), 8.4, part, outline=False)


def _end(stage: Stage) -> Point:
    if stage.figure.garment.kind == "coat":
        return COAT_END
    return LENGTH["sitting" if stage.figure.pose.sitting else "standing"]


def _bodice_trims(stage: Stage) -> None:
    g, part = stage.figure.garment, garment_part(stage)
    if g.kind == "coat":
        top, low = stage.p(0, 81), stage.p(0, COAT_END[0])
        stage.pen.polygon([top, low, low], palette.LINE, None)
    if g.straps is not None:
        for side in (-1, 1):
            band: list[Point] = [(side * 10.4, 77), (side * 5.6, 77), (side * 5.6, 106), (side * 10.4, 106)]
            stage.poly(band, palette.CLOTH[g.straps], part, outline=False)
    if g.collar is not None:
        for side in (-1, 1):
            stage.poly([(side * 1, 82), (side * 5, 75), (side * 13.5, 77), (side * 10.5, 86)], palette.CLOTH[g.collar], part)
    if g.buttons is not None:
        for high in (89.0, 97.0, 114.0) if g.kind == "coat" else (89.0, 97.0):
            stage.oval((2.8 if g.kind == "coat" else 0.0, high), 3.1, 3.1, palette.CLOTH[g.buttons], part, outline=False)
    if g.belt is not None:
        stage.poly([(-12, 102.5), (12, 102.5), (13.5, 110.5), (-13.5, 110.5)], palette.CLOTH[g.belt], part)


def _pattern(stage: Stage, on: palette.RGB) -> None:
    pattern = stage.figure.garment.pattern
    ink = palette.CLOTH["white"] if on != palette.CLOTH["white"] else palette.CLOTH["grey"]
    end, half = _end(stage)
    if pattern == "dotted":
        for spot in DOTS:
            stage.oval(spot, 2.3, 2.3, ink, None, outline=False)
    if pattern == "striped":
        slope = (half - 11) / (end - WAIST)
        for y in (end - 28, end - 18, end - 8):
            wide = 11 + (y - WAIST) * slope - 0.6
            more = 3.8 * slope
            stage.poly([(-wide, y), (wide, y), (wide + more, y + 3.8), (-wide - more, y + 3.8)], ink, None, outline=False)

"""Where a figure's parts are, and how high it is: in units of the image's height."""

from __future__ import annotations

from scorers.observe.parts import Mask, Piece, box_of


def points_of(found: list[Piece], unit: int) -> tuple[tuple[float, float], ...]:
    """The centroids of pieces, `unit` pixels long each way being 1; from left to right."""
    centres = sorted(piece.centre for piece in found)
    return tuple((round(x / unit, 5), round(y / unit, 5)) for x, y in centres)


def height_of(person: Mask) -> float:
    """A figure's height; 0 if nobody is seen."""
    if not person.any():
        return 0.0
    _, top, _, bottom = box_of(person)
    return round((bottom - top) / float(person.shape[0]), 5)

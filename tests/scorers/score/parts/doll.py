"""Grids of a drawn dress: pink, a black belt, a white hem and a yellow mark, any of which may be missing or of another colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from models.boxes import ShareBox
from models.lora_kinds import ScoredKind
from scorers.observe.colours.cells import SIDE, Cells, stored_cells
from scorers.observe.colours.histogram import lab
from scorers.observe.observation import Observation
from scorers.observe.references import References
from scorers.testing.fake_observer import FakeObserver

COLOURS = {
    "pink": (247, 148, 186),
    "black": (36, 34, 40),
    "white": (252, 252, 252),
    "yellow": (246, 210, 74),
    "grey": (146, 148, 156),
    "red": (214, 48, 44),
    "blue": (58, 104, 214),
    "purple": (134, 78, 186),
    "pinkish": (250, 192, 212),
}
"""sRGB."""


def dress(
    body: str = "pink", belt: str | None = "black", hem: str | None = "white", mark: str | None = "yellow", *, cut: bool = False
) -> str:
    """As an observer stores it."""
    names = np.full((SIDE, SIDE), body, dtype=object)
    covered = np.zeros((SIDE, SIDE), np.bool_)
    covered[:, 10:22] = True
    for colour, rows, columns in (
        (belt, slice(12, 16), slice(0, SIDE)),
        (hem, slice(28, 32), slice(0, SIDE)),
        (mark, slice(20, 24), slice(14, 18)),
    ):
        if colour is not None:
            names[rows, columns] = colour
    rgb = np.array([[COLOURS[name] for name in row] for row in names], np.uint8)
    shown = np.where(covered[:, :, None], lab(rgb.reshape(-1, 3)).reshape(SIDE, SIDE, 3), 0.0)
    return stored_cells(Cells(shown, covered, cut))


class Hemless(FakeObserver):
    """Sees a dress without its hem in every image, and with it in photos."""

    def observe(self, images: Sequence[Image.Image]) -> list[Observation]:
        return [_hemless(found) for found in super().observe(images)]

    def references_of(
        self, images: Sequence[Image.Image], kind: ScoredKind, boxes: Sequence[ShareBox] | None = None
    ) -> References:
        found = super().references_of(images, kind, boxes)
        return replace(found, cells=(dress(),)) if kind == "clothing" else found


def _hemless(found: Observation) -> Observation:
    return replace(found, regions={**found.regions, "clothing": replace(found.regions["clothing"], cells=dress(hem=None))})

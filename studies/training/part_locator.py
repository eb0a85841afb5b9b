"""Finds the garment and its wearer in photos with the part parser: what `prepare` asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.boxes import PixelBox
from models.kinds import LoraKind
from scorers.observe.parts import Group, box_of, groups_of, person_labels, pieces
from trainers.prepare.locator import Located

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from models.vision.part_parser import PartParser

GROUPS: dict[LoraKind, Group | None] = {"face": "head", "clothing": "clothing", "shoes": "shoes", "other": None}
SMALLEST = 0.004
"""Share of the photo below which a part is a parser's mistake rather than a garment."""
BATCH = 8


@dataclass(frozen=True)
class PartLocator:
    """`thing` is the box of the kind's parts, `wearer` that of the whole person."""

    parser: PartParser
    kind: LoraKind

    def locate(self, images: Sequence[Image]) -> list[Located]:
        found: list[Located] = []
        for at in range(0, len(images), BATCH):
            found.extend(self._one(labels) for labels in self.parser.parse(list(images[at : at + BATCH])))
        return found

    def _one(self, labels: NDArray[np.uint8]) -> Located:
        person = np.isin(labels, person_labels(self.parser.labels))
        bodies = pieces(person, 0.02)
        if not bodies:
            return Located(None, None, "no person found")
        wearer = PixelBox(*box_of(np.logical_or.reduce([b.mask for b in bodies])))
        if len(bodies) > 1 and bodies[1].area > 0.4 * bodies[0].area:
            return Located(None, wearer, "more than one person")
        group = GROUPS[self.kind]
        if group is None:
            return Located(wearer, wearer)
        mask = np.isin(labels, groups_of(self.parser.labels)[group])
        parts = pieces(mask, SMALLEST)
        if not parts:
            return Located(None, wearer, f"no {self.kind} found")
        return Located(PixelBox(*box_of(np.logical_or.reduce([p.mask for p in parts]))), wearer)

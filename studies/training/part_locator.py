"""Locates the trained thing and its wearer in photos by a part parser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.boxes import PixelBox
from models.lora_kinds import LoraKind
from scorers.observe.parts import Group, box_of, groups_of, heads_of, person_labels, pieces
from trainers.prepare.locator import Located

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from scorers.observe.base import PartSource

GROUPS: Final[dict[LoraKind, Group | None]] = {"face": "head", "clothing": "clothing", "shoes": "shoes", "other": None}
"""The parts of a kind; None for the whole person."""
MIN_AREA: Final = 0.004
"""Share of the photo below which a part is a parser's mistake rather than a garment."""
MIN_PERSON_AREA: Final = 0.02
"""The same of a person."""
SECOND_PERSON: Final = 0.4
"""Share of the largest person's area, or of their head's, from which another one leaves the photo in doubt."""
BATCH: Final = 8
"""Images parsed together."""


@dataclass(frozen=True)
class PartLocator:
    """A trainers.prepare.locator.Locator: `thing` is the box of the kind's parts, `wearer` that of the whole person."""

    parser: PartSource
    """Labels each pixel of an image."""
    kind: LoraKind
    """What is trained."""

    def locate(self, images: Sequence[Image]) -> list[Located]:
        located: list[Located] = []
        for start in range(0, len(images), BATCH):
            located.extend(self._one(labels) for labels in self.parser.parse(list(images[start : start + BATCH])))
        return located

    def _one(self, labels: NDArray[np.uint8]) -> Located:
        person = np.isin(labels, person_labels(self.parser.labels))
        bodies = pieces(person, MIN_PERSON_AREA)
        if not bodies:
            return Located(None, None, "no person found")
        wearer = PixelBox(*box_of(np.logical_or.reduce([b.mask for b in bodies])))
        if len(bodies) > 1 and bodies[1].area > SECOND_PERSON * bodies[0].area:
            return Located(None, wearer, "more than one person")
        masks = {name: np.isin(labels, groups_of(self.parser.labels)[name]) for name in ("head", "face")}
        heads = heads_of(masks["head"], masks["face"])
        if len(heads) > 1 and heads[1].area > SECOND_PERSON * heads[0].area:
            # People who touch are one piece.
            return Located(None, wearer, "more than one person")
        group = GROUPS[self.kind]
        if group is None:
            return Located(wearer, wearer)
        mask = np.isin(labels, groups_of(self.parser.labels)[group])
        parts = pieces(mask, MIN_AREA)
        if not parts:
            return Located(None, wearer, f"no {self.kind} found")
        return Located(PixelBox(*box_of(np.logical_or.reduce([p.mask for p in parts]))), wearer)

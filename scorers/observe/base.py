"""The seam to what looks at images: the Observer protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PIL import Image

from models.boxes import ShareBox
from models.kinds import ScoredKind
from scorers.observe.observation import Observation
from scorers.observe.references import References


class Observer(Protocol):
    """The seam to whoever looks at images."""

    def observe(self, images: Sequence[Image.Image]) -> list[Observation]:
        """One observation an image, in order."""

    def references_of(
        self, images: Sequence[Image.Image], kind: ScoredKind, boxes: Sequence[ShareBox] | None = None
    ) -> References:
        """`boxes`, in shares of width and height, tell where the thing is in each image, where that is known.

        Raises InputError if no image shows a `kind`."""

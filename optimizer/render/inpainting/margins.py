"""How much around a part of a picture is redrawn and shown, as A1111 and ADetailer count it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

USUAL: Final = 512
"""The shorter side of a picture, in pixels, that A1111's and ADetailer's numbers are meant for."""


@dataclass(frozen=True)
class Margins:
    """Around a part, in pixels of a picture whose shorter side is 512; scaled to others."""

    grown: float = 4.0
    """By which the mask is larger than the part's box: ADetailer's "mask dilation"."""
    padding: float = 32.0
    """What the crop shows around the mask: "Only masked padding"."""
    blur: float = 4.0
    """Standard deviation of the mask's feathered edge: "Mask blur"."""

    def of(self, size: tuple[int, int]) -> tuple[int, int, int]:
        """Grown, padding and blur in whole pixels of a picture of this size."""
        scale = min(size) / USUAL
        return round(self.grown * scale), round(self.padding * scale), max(1, round(self.blur * scale))

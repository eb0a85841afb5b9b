"""What a person asks of a large picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import phrase

if TYPE_CHECKING:
    from pathlib import Path

    from models.vision.upscaler import Upscaler

BY: Final = 2.0
MOST: Final = 4.0
"""As in A1111's SD upscale: of a tile that shows less than a sixteenth of the figure the prompt makes figures of its own."""
MAX_PIXELS: Final = 80_000_000
"""Of a large picture, and of what an upscaler makes on the way to it: Pillow warns of a bomb from 89 million on."""
STRENGTHS: Final = (0.2, 0.15, 0.1)
"""Of the tries, the first that breaks nothing is kept. At 0.35 fingers of the lab's figures fray, which no judge sees, and
most of what a redrawing sharpens it does at 0.15 (`python -m benchmarks.large_pictures`)."""


TILE: Final = "tile"
"""What that ControlNet is called."""


@dataclass(frozen=True)
class Enlarging:
    """Settings of a large picture."""

    by: float = BY
    """How many times as wide and high as the pick, above 1."""
    redraw: bool = False
    """Whether it is redrawn in tiles."""
    strength: float | None = None
    """Of the only try, in (0, 1]; None for `STRENGTHS`."""
    upscaler: Upscaler | None = None
    """None for Lanczos."""
    tile: Path | None = None
    """A ControlNet of tiles, by folder or file, that holds what is redrawn; None for none."""

    def __post_init__(self) -> None:
        """Raises InputError for what is out of range."""
        if not 1 < self.by <= MOST:
            what = phrase("a picture {by:g} times as large", by=self.by)
            mend = phrase("give a number above 1 and at most {most:g}", most=MOST)
            raise InputError(what, "--by", mend)
        if self.strength is not None and not self.redraw:
            raise InputError("--strength is that of a redrawing", "--strength", "add --redraw, or leave it out")
        if self.tile is not None and not self.redraw:
            raise InputError(
                "a ControlNet of tiles is told what is redrawn, and nothing is", "--tile", "add --redraw, or leave it out"
            )
        if self.strength is not None and not 0 < self.strength <= 1:
            what = phrase("a denoising strength of {strength:g}", strength=self.strength)
            raise InputError(what, "--strength", "give a number above 0 and at most 1, such as 0.25")

    @property
    def strengths(self) -> tuple[float, ...]:
        """Of each try; none where nothing is redrawn."""
        if not self.redraw:
            return ()
        return STRENGTHS if self.strength is None else (self.strength,)

    def size(self, drawn: tuple[int, int]) -> tuple[int, int]:
        """(width, height) of the large picture of one that was drawn at this size.

        Raises InputError where it, or what the upscaler makes on the way, has too many pixels."""
        width, height = drawn
        size = round(width * self.by), round(height * self.by)
        if size == drawn:
            what = phrase("a picture {by:g} times as large is not a pixel larger", by=self.by)
            raise InputError(what, "--by", phrase("give a number above 1 and at most {most:g}", most=MOST))
        times = self.upscaled(width, size[0])
        most = max(size[0] * size[1], width * height * times**2)
        if most > MAX_PIXELS:
            what = phrase("a picture of {pixels} million pixels", pixels=most // 10**6)
            mend = phrase("{most} million are the most: give less, or an upscaler of fewer times", most=MAX_PIXELS // 10**6)
            raise InputError(what, "--by", mend)
        return size

    def upscaled(self, width: int, wanted: int) -> int:
        """How many times as wide the upscaler makes a picture, applied as often as it must be to reach `wanted` pixels."""
        times = 1
        while self.upscaler is not None and width * times < wanted:
            times *= self.upscaler.scale
        return times

"""How often a part is redrawn, and how: each try takes other noise, and if nothing is set more of it than the one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.inpainting.margins import Margins

TRIES: Final = 8
GENTLE, BOLD = (0.4, Margins()), (0.9, Margins(grown=24.0, padding=512.0))
"""Strength and margins of the first try, which are ADetailer's, and of the last: the whole figure around a larger mask."""
LED = (1.0, BOLD[1].padding)
"""Strength and padding of all tries that a ControlNet leads: with less, what was there before stays."""
MOST: Final = 100


@dataclass(frozen=True)
class Tries:
    """Settings of a mend."""

    count: int = TRIES
    """The most redrawings of each place."""
    strength: float | None = None
    """Of all tries, in (0, 1]; None for one that rises from the first to the last."""
    padding: float | None = None
    """Of all tries, in pixels of a picture whose shorter side is 512; None for one that grows."""

    def __post_init__(self) -> None:
        """Raises InputError for what is out of range."""
        if not 1 <= self.count <= MOST:
            what = phrase("{count} tries", count=self.count)
            raise InputError(what, "--tries", phrase("give a whole number from 1 to {most}", most=MOST))
        if self.strength is not None and not 0 < self.strength <= 1:
            what = phrase("a denoising strength of {strength:g}", strength=self.strength)
            raise InputError(what, "--strength", "give a number above 0 and at most 1, such as 0.4")
        if self.padding is not None and not 0 <= self.padding <= 4096:
            raise InputError(phrase("a padding of {padding:g}", padding=self.padding), "--padding", "give 0 to 4096 pixels")

    def of_mend(self, *, led: bool) -> Tries:
        """These; where a ControlNet leads, with `LED` in the place of what is not set."""
        if not led:
            return self
        strength, padding = LED
        return replace(
            self,
            strength=strength if self.strength is None else self.strength,
            padding=padding if self.padding is None else self.padding,
        )

    def each(self) -> Iterator[tuple[float, Margins]]:
        """Strength and margins of each try, in order."""
        for at in range(self.count):
            share = at / max(1, self.count - 1)
            (gentle, near), (bold, far) = GENTLE, BOLD
            strength = gentle + (bold - gentle) * share if self.strength is None else self.strength
            padding = near.padding * (far.padding / near.padding) ** share if self.padding is None else self.padding
            yield strength, Margins(near.grown + (far.grown - near.grown) * share, padding, near.blur)

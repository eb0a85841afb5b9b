"""What the images of a point show of it: the one table of words, colours and marks, from which every surface derives."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal

from optimizer.search.judged_point import Judged
from optimizer.search.robustness import Robustness

Symbol = Literal["disc", "ring", "diamond", "cross"]


class Verdict(Enum):
    """Of one point, the best first. The colours are hexadecimal, on a light and on a dark ground; the symbols tell the verdicts
    apart without colours."""

    ROBUST = ("meets, robust", "#2e9e5b", "#7fca9a", "disc")
    """Its own image and both of its neighbours meet every requirement."""
    MEETS = ("meets every requirement", "#2e9e5b", "#7fca9a", "disc")
    """Its own image does, and the study requires no robustness."""
    UNCHECKED = ("meets, robustness not checked", "#2a7f9e", "#79bfd8", "ring")
    """Its own image does; its neighbours were not drawn, or not both."""
    FRAGILE = ("meets, not robust", "#c77700", "#e8b04b", "diamond")
    """Its own image does, and a neighbour does not."""
    BREAKS = ("breaks a requirement", "#d1453b", "#f2917d", "cross")
    """Its own image does."""

    def __init__(self, word: str, colour: str, dark_colour: str, symbol: Symbol) -> None:
        self.word, self.colour, self.dark_colour, self.symbol = word, colour, dark_colour, symbol

    @property
    def settled(self) -> bool:
        """Whether it meets all that the study requires, robustness included."""
        return self in (Verdict.ROBUST, Verdict.MEETS)

    @property
    def meets(self) -> bool:
        """Whether its own image meets every requirement."""
        return self is not Verdict.BREAKS


LEAST: Final = "the least that works"
"""What may be claimed of a settled point whose proof is complete."""
BEST_SO_FAR: Final = "the best so far"
"""What may be claimed of a settled point without a complete proof."""


def verdict_of(judged: Judged, robustness: Robustness | None, off: float) -> Verdict:
    """`off` is by how much of weight the point must hold, 0 where nothing is required; `robustness` what was drawn of that."""
    if not own_image(judged).feasible:
        return Verdict.BREAKS
    if off == 0:
        return Verdict.MEETS
    if robustness is None or robustness.next_side is not None:
        return Verdict.UNCHECKED
    return Verdict.ROBUST if robustness.holds else Verdict.FRAGILE


def own_image(judged: Judged) -> Judged:
    """The point as judged by its own image alone."""
    return judged.images[0] if judged.images else judged


def claim_of(verdict: Verdict, *, proven: bool) -> str:
    """What may be said of the search's pick: no more than its images show. `proven` is whether its proof is complete."""
    if not verdict.settled:
        return verdict.word
    return LEAST if proven else BEST_SO_FAR

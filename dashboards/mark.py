"""How a verdict looks: the caller gives its word, colours and symbol; here stands how each medium draws a symbol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

Symbol = Literal["disc", "ring", "diamond", "cross"]


class Mark(Protocol):
    """A verdict on an image. Colours are hexadecimal."""

    @property
    def name(self) -> str:
        """Distinguishes the marks of a page; letters only."""

    @property
    def word(self) -> str:
        """For people."""

    @property
    def colour(self) -> str:
        """On a light ground."""

    @property
    def dark_colour(self) -> str:
        """On a dark ground."""

    @property
    def symbol(self) -> Symbol:
        """Tells it apart without colours."""


@dataclass(frozen=True)
class Drawn:
    """One symbol in each medium."""

    letter: str
    matplotlib: str
    plotly: str
    svg: str
    """A path around the origin, 8 units wide."""
    filled: bool


SYMBOLS: Final[Mapping[Symbol, Drawn]] = {
    "cross": Drawn("✕", "X", "x", "M-4-4 4 4M4-4-4 4", False),
    "diamond": Drawn("◆", "D", "diamond", "M0-6 6 0 0 6-6 0Z", True),
    "ring": Drawn("○", "o", "circle-open", "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0Z", False),
    "disc": Drawn("●", "o", "circle", "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z", True),
}
"""In the order in which they are drawn: the last lies on top."""


def in_drawing_order(marks: Iterable[Mark]) -> list[Mark]:
    """Each mark once, those that lie on top last."""
    order = list(SYMBOLS)
    return sorted({mark.name: mark for mark in marks}.values(), key=lambda mark: (order.index(mark.symbol), mark.name))

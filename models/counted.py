"""Numbers in messages."""

from __future__ import annotations

from models.language.translate import Phrase, counted_phrase


def counted(number: int, one: str, many: str | None = None) -> Phrase:
    """`1 trial`, `2 trials`; `many` is the plural where that is not `one` with an s."""
    return counted_phrase(number, f"{{number}} {one}", f"{{number}} {many or f'{one}s'}")


def percent(chance: float) -> str:
    """`97%`, of a probability in [0, 1]; nothing is called certain, and nothing impossible."""
    return "> 99%" if chance > 0.99 else "< 1%" if chance < 0.01 else f"{chance:.0%}"

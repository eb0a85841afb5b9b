"""Numbers of things in messages."""

from __future__ import annotations


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 trial`, `2 trials`; `many` is the plural where that is not `one` with an s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"

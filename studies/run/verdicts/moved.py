"""How requirements moved between a picture and what was made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from models.language.translate import phrase

LEAST: Final = 0.005
"""By how much, to be told."""


def moved_words(before: Mapping[str, float], after: Mapping[str, float]) -> Iterator[str]:
    """`hands: missed by 0.20 before, met by 0.30 now` of each violation that is another now: phrases for people."""
    for name, by in after.items():
        if abs(by - before[name]) >= LEAST:
            yield phrase("{name}: {before} before, {after} now", name=name, before=_by(before[name]), after=_by(by))


def _by(violation: float) -> str:
    words = "met by {by:.2f}" if violation <= 0 else "missed by {by:.2f}"
    return phrase(words, by=abs(violation))

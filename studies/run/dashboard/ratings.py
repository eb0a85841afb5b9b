"""Ratings of trials in optuna-dashboard: the last lines of a trial's note, which a person may edit there.

Its own rating forms accept nothing once a trial is finished (0.21), notes do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

ASKED: Final = "Rating (1 to 5):"
LINE: Final = re.compile(r"^rating\b[^:\n]*:", re.IGNORECASE | re.MULTILINE)
STARS: Final = re.compile(r"\s*([1-5](?:[.,]\d+)?)(?![\d.,]*\d)(?:\s*/\s*5)?")


@dataclass(frozen=True)
class Rating:
    """`stars` from 1 to 5, None if no number was given; `words` as they were written."""

    stars: float | None
    words: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (f"{self.stars:g} of 5" if self.stars is not None else "", self.words) if part)

    def as_json(self) -> dict[str, Any]:
        return {"stars": self.stars, "words": self.words}


def rating_in(note: str) -> Rating | None:
    """The rating after the rating line of a note; a note from which a person removed that line is all words."""
    found = LINE.search(note)
    rated = note[found.end() :] if found else note
    number = STARS.match(rated) if found else None
    stars = float(number[1].replace(",", ".")) if number else None
    if stars is not None and stars > 5:
        number, stars = None, None
    words = " ".join(rated[number.end() if number else 0 :].split())
    return Rating(stars, words) if stars is not None or words else None


def with_rating(text: str, old: str) -> str:
    """`text` as a note that ends with the rating in `old`; a note that a person rewrote stays as it is."""
    if not old:
        return f"{text}\n\n{ASKED} "
    found = LINE.search(old)
    return f"{text}\n\n{old[found.start() :]}" if found else old

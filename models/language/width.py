"""Text on a terminal: a Chinese letter takes two columns."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import combining, east_asian_width

NEVER_FIRST = "，。；：、！？）》」』”’…,.;:!?)]}"
"""No line begins with these."""


def columns(text: str) -> int:
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def padded(text: str, width: int) -> str:
    """As `format(text, "<10")` where every letter has one column."""
    return text + " " * (width - columns(text))


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, broken at spaces and between Chinese letters; a longer word has a line of its own."""
    lines = [""]
    for piece in pieces(text):
        if lines[-1] and columns(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]


def pieces(text: str) -> Iterator[str]:
    """What stands together on a line: a Chinese letter with the marks after it, or a word with the spaces after it."""
    piece = ""
    for letter in text:
        breaks = piece and letter not in NEVER_FIRST and not _parts(letter)
        if breaks and (_parts(piece[-1]) or columns(letter) == 2 or columns(piece[-1]) == 2) and piece[-1] not in "（《「『“‘":
            yield piece
            piece = ""
        piece += letter
    if piece:
        yield piece


def _parts(letter: str) -> bool:
    return letter.isspace() and letter != "\N{NO-BREAK SPACE}"

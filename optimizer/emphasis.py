"""A1111's prompt emphasis: "(word:1.4)", "((word))" = 1.1 each, "[word]" = 1/1.1, and backslash escapes."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"\\\(|\\\)|\\\[|\\\]|\\\\|\\|\(|\[|:\s*([+-]?[.\d]+)\s*\)|\)|\]|[^\\()\[\]:]+|:")
STEP = 1.1


@dataclass(frozen=True)
class Span:
    text: str
    weight: float


def parse_emphasis(prompt: str) -> list[Span]:
    """Splits a prompt into spans of equal emphasis. Unclosed brackets count as closed at the end, as A1111 reads them."""
    spans: list[tuple[str, float]] = []
    round_open: list[int] = []
    square_open: list[int] = []

    def multiply(start: int, factor: float) -> None:
        for i in range(start, len(spans)):
            spans[i] = (spans[i][0], spans[i][1] * factor)

    for match in _TOKEN.finditer(prompt):
        text, number = match.group(0), match.group(1)
        if text.startswith("\\") and len(text) == 2:
            spans.append((text[1], 1.0))
        elif text == "(":
            round_open.append(len(spans))
        elif text == "[":
            square_open.append(len(spans))
        elif number is not None and round_open and _is_number(number):
            multiply(round_open.pop(), float(number))
        elif text == ")" and round_open:
            multiply(round_open.pop(), STEP)
        elif text == "]" and square_open:
            multiply(square_open.pop(), 1 / STEP)
        else:
            spans.append((text, 1.0))
    for start in round_open:
        multiply(start, STEP)
    for start in square_open:
        multiply(start, 1 / STEP)
    return _merged(spans)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _merged(spans: list[tuple[str, float]]) -> list[Span]:
    merged: list[Span] = []
    for text, weight in spans:
        if merged and abs(merged[-1].weight - weight) < 1e-9:
            merged[-1] = Span(merged[-1].text + text, weight)
        else:
            merged.append(Span(text, weight))
    return merged or [Span("", 1.0)]

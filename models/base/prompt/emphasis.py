"""A1111's prompt emphasis: "(word:1.4)", "((word))" = 1.1 each, "[word]" = 1/1.1, backslash escapes, and BREAK."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TOKEN = re.compile(r"\\\(|\\\)|\\\[|\\\]|\\\\|\\|\(|\[|:\s*([+-]?[.\d]+)\s*\)|\)|\]|[^\\()\[\]:]+|:")
_BREAK = re.compile(r"\s*\bBREAK\b\s*")
STEP: Final = 1.1
BREAK, BREAK_WEIGHT = "BREAK", -1.0
"""How A1111 marks a BREAK: by a weight that emphasis around it changes, after which it is a word like any other."""


@dataclass(frozen=True)
class Span:
    text: str
    weight: float

    @property
    def ends_chunk(self) -> bool:
        """A BREAK: what follows begins a new chunk of 75 tokens."""
        return self.text == BREAK and self.weight == BREAK_WEIGHT


def parse_emphasis(prompt: str) -> list[Span]:
    """Splits a prompt into spans of equal emphasis. Unclosed brackets count as closed at the end, as A1111 reads them."""
    spans: list[Span] = []
    opened: dict[str, list[int]] = {"(": [], "[": []}

    def multiply(start: int, factor: float) -> None:
        for i in range(start, len(spans)):
            spans[i] = Span(spans[i].text, spans[i].weight * factor)

    for match in _TOKEN.finditer(prompt):
        text, number = match.group(0), match.group(1)
        if text.startswith("\\"):
            spans.append(Span(text[1:], 1.0))
        elif text in opened:
            opened[text].append(len(spans))
        elif number is not None and opened["("] and _is_number(number):
            multiply(opened["("].pop(), float(number))
        elif text == ")" and opened["("]:
            multiply(opened["("].pop(), STEP)
        elif text == "]" and opened["["]:
            multiply(opened["["].pop(), 1 / STEP)
        else:
            first, *others = _BREAK.split(text)
            spans.append(Span(first, 1.0))
            for other in others:
                spans += [Span(BREAK, BREAK_WEIGHT), Span(other, 1.0)]
    for start in opened["("]:
        multiply(start, STEP)
    for start in opened["["]:
        multiply(start, 1 / STEP)
    return _merged(spans)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        last = merged[-1] if merged else None
        if last and last.weight == span.weight:
            merged[-1] = Span(last.text + span.text, last.weight)
        else:
            merged.append(span)
    return merged or [Span("", 1.0)]

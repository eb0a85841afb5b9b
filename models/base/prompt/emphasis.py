"""A1111's prompt emphasis: "(word:1.4)", "((word))" = 1.1 each, "[word]" = 1/1.1, backslash escapes, and BREAK.

What A1111 reads otherwise and is not followed here is refused by name: AND, prompt editing "[a:b:0.5]" and alternation "[a|b]".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from models.errors import InputError

_TOKEN = re.compile(r"\\\(|\\\)|\\\[|\\\]|\\\\|\\|\(|\[|:\s*([+-]?[.\d]+)\s*\)|\)|\]|[^\\()\[\]:]+|:")
_BREAK = re.compile(r"\s*\bBREAK\b\s*")
_AND = re.compile(r"\bAND\b")
_WHEN = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
STEP: Final = 1.1


@dataclass(frozen=True)
class Span:
    text: str
    weight: float
    ends_chunk: bool = False
    """A BREAK: no text, and what follows begins a new chunk of 75 tokens."""


def parse_emphasis(prompt: str) -> list[Span]:
    """Splits a prompt into spans of equal emphasis. Unclosed brackets count as closed at the end, as A1111 reads them.

    Raises InputError for what A1111 reads as something else than emphasis; any other text is read.
    """
    refuse_unread(prompt)
    spans: list[Span] = []
    opened: dict[str, list[int]] = {"(": [], "[": []}

    def multiply(start: int, factor: float) -> None:
        for i in range(start, len(spans)):
            spans[i] = Span(spans[i].text, spans[i].weight * factor, spans[i].ends_chunk)

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
            spans.extend(_broken(text, bool(opened["("] or opened["["])))
    for start in opened["("]:
        multiply(start, STEP)
    for start in opened["["]:
        multiply(start, 1 / STEP)
    return _merged(spans)


def _broken(text: str, bracketed: bool) -> list[Span]:
    parts = _BREAK.split(text)
    if len(parts) > 1 and bracketed:
        raise InputError("BREAK within brackets, which A1111 reads as a word", "prompt", "close the brackets before BREAK")
    spans = [Span(parts[0], 1.0)]
    for part in parts[1:]:
        spans += [Span("", 1.0, ends_chunk=True), Span(part, 1.0)]
    return spans


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
        if last and last.weight == span.weight and not (last.ends_chunk or span.ends_chunk):
            merged[-1] = Span(last.text + span.text, last.weight)
        else:
            merged.append(span)
    return merged or [Span("", 1.0)]


@dataclass
class _Bracket:
    opener: str
    start: int
    colons: list[int] = field(default_factory=list)
    bars: int = 0


def refuse_unread(prompt: str) -> None:
    """Raises InputError naming what A1111 would read as a combination, a change or an alternation of prompts."""
    if _AND.search(prompt):
        raise InputError(
            "AND (several prompts at once) is not supported", "prompt", "write 'and' in small letters, or leave it out"
        )
    opened: list[_Bracket] = []
    i = 0
    while i < len(prompt):
        letter = prompt[i]
        if letter == "\\":
            i += 1
        elif letter in "([":
            opened.append(_Bracket(letter, i))
        elif letter in ")]":
            _close(prompt, i, opened)
        elif opened and letter == ":":
            opened[-1].colons.append(i)
        elif opened and letter == "|":
            opened[-1].bars += 1
        i += 1


def _close(prompt: str, end: int, opened: list[_Bracket]) -> None:
    if not opened or opened[-1].opener != {")": "(", "]": "["}[prompt[end]]:
        # A bracket that has no partner is a letter, and none around it can be a pair in A1111's grammar.
        opened.clear()
        return
    bracket = opened.pop()
    if bracket.opener == "(":
        return
    text = prompt[bracket.start : end + 1]
    if bracket.bars:
        raise InputError(f"alternation '{text}' is not supported", "prompt", r"choose one, or write '\|' for the letter")
    if 1 <= len(bracket.colons) <= 2 and _WHEN.fullmatch(prompt, bracket.colons[-1] + 1, end):
        mend = "choose one; for a weight write it in round brackets: (word:0.5)"
        raise InputError(f"prompt editing '{text}' is not supported", "prompt", mend)

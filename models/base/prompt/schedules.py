"""What A1111 reads as several prompts, which is not followed here: AND, prompt editing "[a:b:0.5]", alternation "[a|b]".

A1111 parses a whole prompt by one grammar. Brackets may be balanced groups, whose contents must be groups and words again, or, at
the outermost level alone, letters. A "|" that separates no alternatives of a balanced group breaks the grammar: the whole prompt
is then text, whatever else stands in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from models.base.prompt.reading import Reading
from models.errors import InputError
from models.language.translate import phrase

_WORDS: Final = re.compile(r"(?:[^\\\[\]():|]|\\.)+")
_WHEN: Final = re.compile(r"\s*[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?\s*\]")
_AND: Final = re.compile(r"\bAND\b")
_WEIGHT_OF_ALL: Final = re.compile(r":\s*[-+]?(?:\d+\.?|\d*\.\d+)\s*$")


def refuse_unread(prompt: str, negative: str, reading: Reading) -> None:
    """Raises InputError for prompts that A1111 reads in a way that is not followed here; to ComfyUI any text is one prompt."""
    if reading.program == "a1111":
        refuse_schedules(prompt)
        refuse_schedules(negative, negative=True)


def refuse_schedules(prompt: str, *, negative: bool = False) -> None:
    """Raises InputError naming what A1111 would read as a combination, a change or an alternation of prompts.

    In a `negative` prompt A1111 reads AND as a word, and a number at the end as text.
    """
    if not negative:
        _refuse_combinations(prompt)
    found = _Grammar(prompt).schedules()
    if not found:
        return
    text = prompt[slice(*found[0].place)]
    if found[0].alternates:
        raise InputError(
            phrase("alternation '{words}' is not supported", words=text), "prompt", r"choose one, or write '\|' for the letter"
        )
    mend = "choose one; for a weight write it in round brackets: (word:0.5)"
    raise InputError(phrase("prompt editing '{words}' is not supported", words=text), "prompt", mend)


def _refuse_combinations(prompt: str) -> None:
    if _AND.search(prompt):
        raise InputError(
            "AND (several prompts at once) is not supported", "prompt", "write 'and' in small letters, or leave it out"
        )
    last = _WEIGHT_OF_ALL.search(prompt)
    if last:
        what = phrase("'{last}' at the end of the prompt, which A1111 reads as a factor of its CFG", last=last[0].strip())
        raise InputError(what, "prompt", "change cfg instead, or write a comma after it")


@dataclass(frozen=True)
class _Schedule:
    place: tuple[int, int]
    alternates: bool


@dataclass
class _Grammar:
    prompt: str
    _found: list[_Schedule] = field(default_factory=list)

    def schedules(self) -> list[_Schedule]:
        """Innermost first; none where the grammar does not fit, and all of the prompt is text."""
        at = 0
        while at < len(self.prompt):
            kept = len(self._found)
            end = self._group(at)
            if end is None:
                del self._found[kept:]
                words = _WORDS.match(self.prompt, at)
                if words is None and self.prompt[at] not in "[]():":
                    return []
                end = words.end() if words else at + 1
            at = end
        return self._found

    def _group(self, start: int) -> int | None:
        """The end of the balanced group that starts here; None if there is none."""
        opener = self.prompt[start]
        if opener not in "([":
            return None
        at = self._inside(start + 1)
        mark = self._letter(at)
        if opener == "(":
            if mark == ":":
                at = self._inside(at + 1)
                mark = self._letter(at)
            return at + 1 if mark == ")" else None
        if mark == "]":
            return at + 1
        if mark == "|":
            return self._alternatives(start, at)
        return self._editing(start, at) if mark == ":" else None

    def _inside(self, at: int) -> int:
        """The end of what is words and groups."""
        while at < len(self.prompt):
            words = _WORDS.match(self.prompt, at)
            end = words.end() if words else self._group(at)
            if end is None:
                break
            at = end
        return at

    def _alternatives(self, start: int, at: int) -> int | None:
        while self._letter(at) == "|":
            at = self._inside(at + 1)
        return self._scheduled(start, at + 1, alternates=True) if self._letter(at) == "]" else None

    def _editing(self, start: int, at: int) -> int | None:
        for _ in range(2):
            when = _WHEN.match(self.prompt, at + 1)
            if when:
                return self._scheduled(start, when.end(), alternates=False)
            at = self._inside(at + 1)
            if self._letter(at) != ":":
                return None
        return None

    def _scheduled(self, start: int, end: int, *, alternates: bool) -> int:
        self._found.append(_Schedule((start, end), alternates))
        return end

    def _letter(self, at: int) -> str:
        return self.prompt[at : at + 1]

"""Where the settings of an infotext stand, and its `Key: value` pairs.

A1111 writes them into the last line. Other writers put them into the prompt's line, one below the other, separate them by bars,
or add lines behind them; each such place is found, so that no prompt ends in them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from models.errors import InputError

NAMES: Final = {
    "Steps": ("steps", "sampling steps", "num inference steps"),
    "Sampler": ("sampler", "sampler name", "sampling method"),
    "Schedule type": ("schedule type", "scheduler", "schedule", "noise schedule"),
    "CFG scale": ("cfg scale", "cfg", "guidance scale"),
    "Seed": ("seed", "noise seed"),
    "Size": ("size", "resolution"),
    "Width": ("width",),
    "Height": ("height",),
    "Model": ("model", "base model", "checkpoint"),
    "Model hash": ("model hash",),
    "Clip skip": ("clip skip",),
    "RNG": ("rng",),
}
"""A1111's names of settings, and how other writers spell them, in small letters."""
CANONICAL: Final = {spelling: name for name, spellings in NAMES.items() for spelling in spellings}
FEWEST: Final = 3
"""Pairs that make a line one of settings."""
KEY: Final = re.compile(r'\s*([^\s,:|"{}\[\]<>][^,:|"{}\[\]<>\n]{1,80}?)\s*:\s*')
STRING: Final = re.compile(r'"(?:\\.|[^\\"])+"')
PAIR: Final = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
"""A1111's own pattern: three of these in the last line make it one of settings whatever the keys are."""
LIKELY: Final = {
    **dict.fromkeys(("Steps", "Width", "Height", "Clip skip", "Seed"), r"-?\d+(\.0*)?$"),
    "CFG scale": r"[\d.]+$",
    "Size": r"\(?\d+\s*[x×*,]\s*\d+",
    "Model hash": r"[0-9a-fA-F]+$",
}
"""Beginnings of likely values of a setting."""
_SPELLINGS: Final = "|".join(sorted((re.escape(name).replace(r"\ ", "[ _]") for name in CANONICAL), key=len, reverse=True))
START: Final = re.compile(rf"(?:^|(?<=[\s,|]))(?:{_SPELLINGS})\s*:", re.IGNORECASE)
LONE: Final = re.compile(rf"\s*({_SPELLINGS})\s*:\s*(\S.*?)\s*,?\s*", re.IGNORECASE)

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Placed:
    """An infotext taken apart."""

    before: list[str]
    """Lines in front of the settings: the prompts."""
    inline: bool
    """The last of them shares its line with the settings."""
    pairs: Pairs
    rest: list[str]
    """Pieces among or behind the settings that are no pair."""
    bars: bool = False
    """Bars separate the pairs, which A1111 never writes."""


def canonical(key: str) -> str | None:
    """A1111's name of a setting that every picture has, however it is spelled."""
    return CANONICAL.get(" ".join(key.lower().replace("_", " ").split()))


def split_pairs(line: str) -> tuple[Pairs, list[str]]:
    """The `Key: value` pairs of a line and what is none of them; values may be quoted, or JSON as it stands."""
    by_comma = _split(line, ",")
    if "|" not in line:
        return by_comma
    by_bar = _split(line, "|")
    return by_bar if _known(by_bar[0]) > _known(by_comma[0]) else by_comma


def place_settings(text: str, where: object) -> Placed:
    """Finds the settings in `text`; without any, all of it stands before. Raises InputError if those of several pictures do."""
    lines = text.split("\n")
    starts = {i: start for i, line in enumerate(lines) if (start := _start(line)) is not None}
    if len(starts) > 1:
        raise InputError("the settings of several pictures in one text", where, "give those of one picture")
    for i, start in starts.items():
        pairs, rest = split_pairs(lines[i][start:])
        behind, more = _behind(lines[i + 1 :])
        before = [*lines[:i], lines[i][:start]] if start else lines[:i]
        bars = pairs == _split(lines[i][start:], "|")[0]
        return Placed(before, start > 0, [*pairs, *behind], [*rest, *more], bars)
    if block := _block(lines):
        first, last = block
        pairs = [(match[1], match[2]) for line in lines[first:last] if (match := LONE.fullmatch(line))]
        behind, more = _behind(lines[last:])
        return Placed(lines[:first], inline=False, pairs=[*pairs, *behind], rest=more)
    if len(PAIR.findall(lines[-1])) >= FEWEST:
        return Placed(lines[:-1], False, *split_pairs(lines[-1]))
    return Placed(lines, inline=False, pairs=[], rest=[])


def _start(line: str) -> int | None:
    """Where in the line at least three known settings begin."""
    if len(START.findall(line)) < FEWEST:
        return None
    pairs, rest = split_pairs(line)
    if _known(pairs) >= FEWEST and not _is_prose(line, pairs, rest):
        return 0
    for match in START.finditer(line):
        if _known(split_pairs(line[match.start() :])[0]) >= FEWEST:
            return match.start()
    return None


def _is_prose(line: str, pairs: Pairs, rest: Sequence[str]) -> bool:
    """Whether the line begins with words of a prompt rather than with a setting."""
    begins_with_rest = bool(rest) and line.lstrip(" ,").startswith(rest[0])
    return begins_with_rest or (bool(pairs) and "negative prompt" in pairs[0][0].lower())


def _known(pairs: Pairs) -> int:
    """How many settings that every picture has; a word of a prompt may be spelled as one, but has no such value."""
    return len({name for key, value in pairs if (name := canonical(key)) and re.match(LIKELY.get(name, ""), value)})


def _block(lines: Sequence[str]) -> tuple[int, int] | None:
    """The first run of lines of one known setting each, at least three of them."""
    first = 0
    for i in range(len(lines) + 1):
        if i == len(lines) or not LONE.fullmatch(lines[i]):
            names = {canonical(match[1]) for line in lines[first:i] if (match := LONE.fullmatch(line))}
            if len(names) >= FEWEST:
                return first, i
            first = i + 1
    return None


def _behind(lines: Sequence[str]) -> tuple[Pairs, list[str]]:
    pairs: Pairs = []
    rest: list[str] = []
    for line in lines:
        match = re.fullmatch(r"\s*((?:Negative )?(?:Template|Prompt))\s*:\s*(.*)", line, re.IGNORECASE)
        found, left = ([(match[1], match[2])], []) if match else split_pairs(line)
        pairs += found
        rest += left
    return pairs, rest


def _split(line: str, separator: str) -> tuple[Pairs, list[str]]:
    pairs: Pairs = []
    rest: list[str] = []
    at = 0
    while at < len(line):
        if match := KEY.match(line, at):
            value, at = _value(line, match.end(), separator)
            pairs.append((match[1], value))
        else:
            end = _end(line, at, separator)
            rest += [piece] if (piece := line[at:end].strip()) else []
            at = end + 1
    return pairs, rest


def _value(line: str, at: int, separator: str) -> tuple[str, int]:
    """The value that begins at `at`, and where the next pair begins."""
    for value, end in _closed_values(line, at):
        after = _end(line, end, separator)
        if not line[end:after].strip():
            return value, after + 1
    end = _end(line, at, separator)
    return line[at:end].strip(), end + 1


def _closed_values(line: str, at: int) -> Iterator[tuple[str, int]]:
    """A quoted string, or an array or object of JSON that begins there."""
    if match := STRING.match(line, at):
        try:
            yield str(json.loads(match[0])), match.end()
        except ValueError:
            yield match[0], match.end()
    elif line[at : at + 1] in ("{", "["):
        try:
            _, end = json.JSONDecoder().raw_decode(line, at)
        except (ValueError, RecursionError):
            return
        yield line[at:end], end


def _end(line: str, at: int, separator: str) -> int:
    end = line.find(separator, at)
    return len(line) if end < 0 else end

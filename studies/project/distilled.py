"""Bases that were distilled to draw in a few steps: told by the words of a file's name, and of its title and tags."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

Method = Literal["LCM", "Turbo", "Lightning", "Hyper-SD", "DMD2"]
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_METHODS: Final[dict[str, Method]] = {
    "lcm": "LCM",
    "turbo": "Turbo",
    "lightning": "Lightning",
    "hyper": "Hyper-SD",
    "dmd": "DMD2",
    "turbovision": "Turbo",
    "turboxl": "Turbo",
    "lightningxl": "Lightning",
    "lcmxl": "LCM",
    "llcm": "LCM",
}
_AFTER_HYPER: Final = ("sd", "sdxl", "xl", "vae", "step", "steps", "nsfw")
"""What follows "hyper" where it is the method: "hyper realistic" is a style."""
_SDXL_ALONE: Final[tuple[Method, ...]] = ("Turbo", "Lightning", "DMD2")
_ONE_SIZE: Final = re.compile(r"(sd_?xl|sdxl)_?turbo(_?1_?0)?(_?fp16)?")
"""The names of Stability's own SDXL Turbo, without hyphens and points."""


@dataclass(frozen=True)
class Distilled:
    method: Method
    steps: int | None = None
    """For how many, where a name tells it."""
    guided: bool = False
    """It keeps CFG, which the others have taken in."""
    small: bool = False
    """It draws 512 x 512 alone, though its family draws more."""
    doubtful: bool = False
    """Its method is known for another family alone: the name may mean something else."""


def distilled(names: Sequence[str], family: str) -> Distilled | None:
    """What the first of `names` tells that tells a method; None for other bases."""
    for name in names:
        words = [word.lower() for word in _WORD.findall(name)]
        method = next(_methods(words), None)
        if method is not None:
            steps = _steps(words)
            small = _ONE_SIZE.fullmatch(re.sub(r"[-. ]", "_", name.lower())) is not None
            doubtful = method in _SDXL_ALONE and family != "sdxl"
            return Distilled(method, steps, method == "Hyper-SD" and "cfg" in words, small and not doubtful, doubtful)
    return None


def _methods(words: Sequence[str]) -> Iterator[Method]:
    for word, after in zip(words, [*words[1:], ""], strict=False):
        method = _METHODS.get(word)
        if method is not None and (method != "Hyper-SD" or not after or after in _AFTER_HYPER or after.isdigit()):
            yield method


def _steps(words: Sequence[str]) -> int | None:
    """The number before "step"."""
    return next((int(number) for number, word in pairwise(words) if number.isdigit() and word in ("step", "steps")), None)

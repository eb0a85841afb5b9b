"""Names that stand for many features at once: people, garments and shoes that the base knows by one word each.

A real base knows thousands of characters and costumes by name. A base that has met such words can learn another one from a few
photos; a base that knows only words for single features must first learn that one word may mean five of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Final, Literal, TypeVar

import numpy as np

from studies.paperdoll.world.figure import Figure, Garment, Identity, Shoes
from studies.paperdoll.world.wardrobe import random_garment, random_identity, random_shoes

Named = Literal["person", "garment", "shoes"]
T = TypeVar("T")

SEED: Final = 50
COUNTS: Final[dict[Named, int]] = {"person": 300, "garment": 400, "shoes": 200}
PARTS: Final = tuple(COUNTS)
TRIM: Final = 0.5
"""How often what has a name has each of the marks and trims that it may have: it is named because it is special."""
SYLLABLES: Final = tuple(c + v for c in "bdfghjklmnprstvz" for v in "aeiou")
ENDINGS: Final = "lnrsx"


def _words() -> Iterator[str]:
    """Words of two syllables and an ending, such as "kadon", no two alike."""
    rng = np.random.default_rng((SEED, 0))
    total = len(SYLLABLES) ** 2 * len(ENDINGS)
    for number in rng.permutation(total).tolist():
        rest, end = divmod(number, len(ENDINGS))
        first, second = divmod(rest, len(SYLLABLES))
        yield SYLLABLES[first] + SYLLABLES[second] + ENDINGS[end]


@cache
def people() -> dict[str, Identity]:
    rng = np.random.default_rng((SEED, 1))
    return dict(zip(_named("person"), (random_identity(rng, TRIM) for _ in range(COUNTS["person"])), strict=True))


@cache
def garments() -> dict[str, Garment]:
    rng = np.random.default_rng((SEED, 2))
    return dict(zip(_named("garment"), (random_garment(rng, TRIM) for _ in range(COUNTS["garment"])), strict=True))


@cache
def shoes() -> dict[str, Shoes]:
    rng = np.random.default_rng((SEED, 3))
    return dict(zip(_named("shoes"), (random_shoes(rng, TRIM) for _ in range(COUNTS["shoes"])), strict=True))


def names() -> list[str]:
    """All of them, in a fixed order."""
    return [*people(), *garments(), *shoes()]


def names_of(figure: Figure) -> dict[str, str]:
    """What of this figure has a name, and which."""
    found = {
        "person": _by_person().get(figure.identity),
        "garment": _by_garment().get(figure.garment),
        "shoes": _by_shoes().get(figure.shoes),
    }
    return {part: name for part, name in found.items() if name is not None}


def _named(part: Named) -> list[str]:
    """The words of this part: each part has the next ones."""
    first = sum(COUNTS[other] for other in PARTS[: PARTS.index(part)])
    return list(islice(_words(), first, first + COUNTS[part]))


@cache
def _by_person() -> dict[Identity, str]:
    return _turned(people())


@cache
def _by_garment() -> dict[Garment, str]:
    return _turned(garments())


@cache
def _by_shoes() -> dict[Shoes, str]:
    return _turned(shoes())


def _turned(named: dict[str, T]) -> dict[T, str]:
    return {thing: name for name, thing in reversed(named.items())}

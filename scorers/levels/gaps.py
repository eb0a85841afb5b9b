"""Which picture to draw so that levels between those that are there can be told: in the widest gap of what pictures show.

A picture of one LoRA is drawn at the study's start weights, but for that LoRA's own weight w, which alone moves what is shown,
f(w). f rises, mostly in one step whose place is not known: the interval of w that holds the middle of the gap is halved, as in
the bisection of a root.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

LOWEST, HIGHEST = 0.3, 1.0
"""Expressions between which a person's level is looked for."""
WIDE: Final = 0.08
"""A gap of expression below which nothing is drawn in it."""
FINE: Final = 0.02
"""The least by which two weights differ."""


class Gap(NamedTuple):
    """Where no picture of a LoRA is."""

    width: float
    """Of expression."""
    weight: float
    """To draw next."""


def widest_of_all(shown: Mapping[str, Sequence[float]], lines: Mapping[str, Mapping[float, float]]) -> tuple[str, float] | None:
    """The LoRA whose `widest_gap` is the widest, and the weight to draw; None where no gap is left."""
    gaps = {name: gap for name, line in lines.items() if (gap := widest_gap(shown[name], line)) is not None}
    name = max(gaps, key=lambda found: gaps[found].width, default=None)
    return None if name is None else (name, gaps[name].weight)


def with_ends(seen: Mapping[float, float], top: float) -> dict[float, float]:
    """A line with its ends as expected where they were not drawn: nothing at 0, all at the upper bound."""
    return {0.0: 0.0, top: max(1.0, *seen.values()), **seen}


def widest_gap(shown: Sequence[float], line: Mapping[float, float]) -> Gap | None:
    """The widest gap in `shown`, the expressions of all pictures of a LoRA, in which a picture can be drawn; None where there is
    none.

    `line` is expression by weight, along the line on which pictures are drawn; its ends are among it, drawn or expected.
    """
    for low, high in sorted(_gaps(shown), key=lambda gap: gap[0] - gap[1]):
        weight = _weight_of((low + high) / 2, line)
        if weight is not None:
            return Gap(high - low, weight)
    return None


def _gaps(shown: Sequence[float]) -> Iterator[tuple[float, float]]:
    inside = sorted({LOWEST, HIGHEST, *(x for x in shown if LOWEST < x < HIGHEST)})
    return ((low, high) for low, high in pairwise(inside) if high - low > WIDE)


def _weight_of(wanted: float, line: Mapping[float, float]) -> float | None:
    """The middle of the narrowest interval of weight over which the line passes `wanted`; None if none is wide enough."""
    passing = [
        (high - low, (low + high) / 2)
        for low, high in pairwise(sorted(line))
        if line[low] < wanted <= line[high] and high - low > FINE
    ]
    return round(min(passing)[1], 3) if passing else None

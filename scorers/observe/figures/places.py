"""Which pixels of an image of several people belong to which of them: left to right, by their heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from scorers.observe.parts import groups_of, heads_of, person_labels

if TYPE_CHECKING:
    from scorers.observe.parts import Mask, Piece

VERSION: Final = 1
"""A change of how images are parted must be a new one: observations and regions depend on it."""


def people_in(labels: NDArray[np.uint8], names: Mapping[int, str], count: int) -> tuple[Mask, list[Mask | None]]:
    """Where a part parser's map (height, width) shows somebody, and what `figure_places` makes of it; `names` are its labels'."""
    groups, person = groups_of(names), np.isin(labels, person_labels(names))
    heads = heads_of(np.isin(labels, groups["head"]), np.isin(labels, groups["face"]))
    return person, figure_places(person, heads, count)


def figure_places(person: Mask, heads: Sequence[Piece], count: int) -> list[Mask | None]:
    """Parts an image between the people in it: one mask (height, width) for each of the `count` largest heads, left to right.

    Where there are fewer heads they are those of the figures whose even share of the width is nearest, and the others are None.
    Every pixel belongs to the figure whose pixels are nearest; a figure is a
    connected piece of the mask `person` with one of the heads. Where two touch, each pixel of both belongs to the head that is
    nearer from side to side.
    """
    from scipy import ndimage

    chosen = sorted(sorted(heads, key=lambda head: -head.area)[:count], key=lambda head: head.centre[0])
    found: list[Mask | None] = [None] * count
    if not chosen:
        return found
    owner = _owners(person, chosen)
    nearest = ndimage.distance_transform_edt(owner < 0, return_distances=False, return_indices=True)
    whole = owner[tuple(nearest)]
    for number, figure in enumerate(_whose([head.centre[0] / person.shape[1] for head in chosen], count)):
        found[figure] = whole == number
    return found


def _whose(places: Sequence[float], count: int) -> tuple[int, ...]:
    """The figure of each head, rising; `places` are shares of the width."""
    return min(
        combinations(range(count), len(places)),
        key=lambda figures: sum(abs(x - (figure + 0.5) / count) for x, figure in zip(places, figures, strict=True)),
    )


def _owners(person: Mask, heads: Sequence[Piece]) -> NDArray[np.int64]:
    """The number of the head that each pixel of a figure belongs to; -1 where nobody is, or what has no head."""
    from scipy import ndimage

    body = np.logical_or.reduce([person, *(head.mask for head in heads)])
    connected, _ = ndimage.label(body, structure=np.ones((3, 3)))
    owner = np.full(person.shape, -1, np.int64)
    number_of = [int(np.bincount(connected[head.mask]).argmax()) for head in heads]
    columns = np.arange(person.shape[1])
    for piece in set(number_of):
        own = [i for i, number in enumerate(number_of) if number == piece]
        away = np.stack([np.abs(columns + 0.5 - heads[i].centre[0]) for i in own])
        by_column = np.asarray(own)[away.argmin(axis=0)]
        owner = np.where(connected == piece, by_column[None, :], owner)
    return owner

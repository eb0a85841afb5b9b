"""Ends of schedules among the axes of a search: which rows can be drawn, what they cost, and what the ends are expected to move.

`step_prior` lets every axis beyond the weights count a little either way. A LoRA that begins later or ends earlier acts in fewer
steps: its own step then lies higher by up to the most of OWN, and what the total spoils lies higher by up to the most of SPOILS.
These are the ranges of a guess; nothing was tuned to them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from optimizer.schedules.schedule import ROUNDING, WHOLE
from optimizer.search.least_weight.columns import columns_of, values_of
from optimizer.search.least_weight.step_prior import EITHER_WAY, Floats, StepShapes
from optimizer.search.searched_schedules import IDLE
from optimizer.search.space import Space

OWN: Final = (-0.1, 1.0)
SPOILS: Final = (-0.1, 0.8)
OTHERS: Final = (-0.3, 0.1)
"""Least and most that a whole axis moves a step towards more of the LoRA, in shares of an axis of weights."""


def _steps(space: Space, values: Floats, lora: str) -> Floats:
    """Of each row, the steps in which a LoRA acts; none or fewer where its ends cross: (M,)."""
    given = space.schedules.given.get(lora, WHOLE)
    ends = {end: values_of(space, values, f"{lora}.{end}", getattr(given, end)) for end in IDLE}
    first, last = (np.ceil(ends[end] * space.schedules.steps - ROUNDING) for end in ("start", "end"))
    return np.asarray(last - first)


def shares_of_steps(space: Space, values: Floats) -> Floats:
    """By row and weight, the share of the steps in which the LoRA acts: (M, weights)."""
    shares = np.ones((len(values), len(space.weights)))
    for column, lora in enumerate(space.weights):
        if lora in space.schedules.given or lora in space.schedules.moving:
            shares[:, column] = _steps(space, values, lora) / space.schedules.steps
    return shares


def drawable(space: Space, values: Floats) -> NDArray[np.bool_]:
    """Rows whose schedules hold a step at least and, of LoRAs at weight 0, are idle."""
    kept, columns = np.ones(len(values), dtype=bool), columns_of(space)
    for lora, ends in space.schedules.moving.items():
        idle = np.all([values[:, columns[f"{lora}.{end}"]] == IDLE[end] for end in ends], axis=0)
        kept &= np.where(values[:, columns[lora]] == 0, idle, _steps(space, values, lora) > 0)
    return kept


def with_whole_schedules(space: Space, values: Floats) -> Floats:
    """The rows with every schedule at its longest."""
    values, columns = values.copy(), columns_of(space)
    for name, _, end in space.schedules.columns():
        values[:, columns[name]] = IDLE[end]
    return values


def with_schedules(space: Space, constraint: str, shapes: StepShapes) -> StepShapes:
    """The shapes of a constraint's prior, with what each end moves drawn from the ranges above."""
    if not space.schedules.moving:
        return shapes
    columns = columns_of(space)
    direction, place = shapes.direction.copy(), shapes.place.copy()
    for name, lora, end in space.schedules.columns():
        low, high = OWN if constraint == lora else SPOILS if constraint not in space.weights else OTHERS
        share = direction[:, columns[name]] / EITHER_WAY + 0.5
        more = low + (high - low) * share
        direction[:, columns[name]] = more if end == "end" else -more
        # An end is 1 where LoRAs act in all steps: there the prior is that of a search which moves none.
        place += more if end == "end" else 0.0
    return replace(shapes, direction=direction, place=place)

"""Strength and end of ControlNets among the axes of a search: which rows can be drawn, and what they cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizer.schedules.schedule import ROUNDING
from optimizer.search.least_weight.columns import columns_of, values_of
from optimizer.search.least_weight.step_prior import Floats
from optimizer.search.searched_controls import IDLE
from optimizer.search.space import Space


def cost_of_controls(space: Space, values: Floats) -> Floats:
    """By row, what ControlNets cost: (M,)."""
    cost, steps = np.zeros(len(values)), space.controls.steps
    for net, given in space.controls.given.items():
        at = {which: values_of(space, values, f"{net}.{which}", getattr(given, which)) for which in IDLE}
        share = np.ceil(at["end"] * steps - ROUNDING) / steps
        cost += space.controls.prices.get(net, 0.0) * at["strength"] * share
    return cost


def drawable_controls(space: Space, values: Floats) -> NDArray[np.bool_]:
    """Rows whose ControlNets of strength 0 are idle: their end leaves the same image."""
    kept, columns = np.ones(len(values), dtype=bool), columns_of(space)
    for net, moved in space.controls.moving.items():
        if set(moved) == set(IDLE):
            off, end = values[:, columns[f"{net}.strength"]] == 0, values[:, columns[f"{net}.end"]]
            kept &= ~off | (end == IDLE["end"])
    return kept


def with_whole_controls(space: Space, values: Floats) -> Floats:
    """The rows with every ControlNet acting in as many steps as it may."""
    values, columns = values.copy(), columns_of(space)
    for name, _, which in space.controls.columns():
        if which == "end":
            values[:, columns[name]] = IDLE["end"]
    return values

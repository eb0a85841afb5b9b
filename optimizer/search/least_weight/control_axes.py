"""Strength and end of ControlNets among the axes of a search: which rows can be drawn, and what they cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizer.schedules.schedule import ROUNDING
from optimizer.search.least_weight.step_prior import Floats
from optimizer.search.searched_controls import IDLE
from optimizer.search.space import Space


def _columns(space: Space) -> dict[str, int]:
    names = [*space.weights, *space.free]
    return {name: names.index(name) for name, _, _ in space.controls.columns()}


def cost_of_controls(space: Space, values: Floats) -> Floats:
    """By row, what ControlNets cost: (M,)."""
    columns, cost, steps = _columns(space), np.zeros(len(values)), space.controls.steps
    for net, given in space.controls.given.items():
        at = {
            which: values[:, columns[name]]
            if (name := f"{net}.{which}") in columns
            else np.full(len(values), getattr(given, which))
            for which in IDLE
        }
        share = np.ceil(at["end"] * steps - ROUNDING) / steps
        cost += space.controls.prices.get(net, 0.0) * at["strength"] * share
    return cost


def drawable_controls(space: Space, values: Floats) -> NDArray[np.bool_]:
    """Rows whose ControlNets of strength 0 are idle: their end leaves the same image."""
    kept, columns = np.ones(len(values), dtype=bool), _columns(space)
    for net, moved in space.controls.moving.items():
        if set(moved) == set(IDLE):
            off, end = values[:, columns[f"{net}.strength"]] == 0, values[:, columns[f"{net}.end"]]
            kept &= ~off | (end == IDLE["end"])
    return kept


def with_whole_controls(space: Space, values: Floats) -> Floats:
    """The rows with every ControlNet acting in as many steps as it may."""
    values, columns = values.copy(), _columns(space)
    for name, _, which in space.controls.columns():
        if which == "end":
            values[:, columns[name]] = IDLE["end"]
    return values

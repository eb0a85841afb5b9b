"""The yardstick without a model: each weight bisected between what was seen to be too little and enough, all at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best, nearest
from optimizer.search.space import Axis, Space


@dataclass(frozen=True)
class Bisection:
    """Raises the weights whose requirement is not met, lowers those whose is, by half of what is left. It ends when no weight
    moves; while nothing is feasible then, it raises what the nearest point lacks by a step, or lowers the rest.

    Follows from the trials alone."""

    design: ClassVar[tuple[float, ...]] = ()
    min_saving: ClassVar[float | None] = 0.0

    def propose(self, space: Space, history: Sequence[Judged]) -> Point | None:
        drawn = {j.point.key(): j for j in history}
        low = dict.fromkeys(space.weights, -1)
        high = {name: _last(axis) for name, axis in space.weights.items()}
        at, seen = history[0], set[tuple[object, ...]]()
        while at.point.key() not in seen:
            seen.add(at.point.key())
            point = _next(space, at, low, high)
            if point.key() not in drawn:
                return point
            at = drawn[point.key()]
        return None if best(history) else _around_nearest(space, history)


def _next(space: Space, at: Judged, low: dict[str, int], high: dict[str, int]) -> Point:
    """Moves the brackets, in steps of each axis, and gives the point between them."""
    ticks = {}
    for name, axis in space.weights.items():
        tick = _tick(axis, at.point.weights[name])
        if at.violations[name] > 0:
            low[name] = max(low[name], tick)
            if high[name] <= tick:
                high[name] = _last(axis)
            ticks[name] = min(_last(axis), max(tick + 1, (tick + high[name] + 1) // 2))
        else:
            high[name] = min(high[name], tick)
            if low[name] >= tick:
                low[name] = max(-1, tick - 2)
            ticks[name] = tick if tick - low[name] <= 1 else (tick + low[name] + 1) // 2
    return _point(space, ticks)


def _around_nearest(space: Space, history: Sequence[Judged]) -> Point | None:
    base = nearest(history)
    ticks = {name: _tick(axis, base.point.weights[name]) for name, axis in space.weights.items()}
    lacking = [name for name in ticks if base.violations[name] > 0 and ticks[name] < _last(space.weights[name])]
    met = [name for name in ticks if base.violations[name] <= 0 and ticks[name] > 0]
    moves = [dict.fromkeys(lacking, 1), *({name: 1} for name in lacking), *({name: -1} for name in met)]
    drawn = {j.point.key() for j in history}
    points = [_point(space, {name: tick + move.get(name, 0) for name, tick in ticks.items()}) for move in moves]
    return next((point for point in points if point.key() not in drawn), None)


def _tick(axis: Axis, weight: float) -> int:
    return round((weight - axis.low) / axis.step)


def _last(axis: Axis) -> int:
    return int((axis.high - axis.low) / axis.step + 1e-9)


def _point(space: Space, ticks: dict[str, int]) -> Point:
    return space.point({name: axis.low + ticks[name] * axis.step for name, axis in space.weights.items()})

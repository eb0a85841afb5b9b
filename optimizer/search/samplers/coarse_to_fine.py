"""The way people search by eye: a 3 x 3 grid of two weights around the start, then a narrower one around its best, and so on.

First the two weights that are varied together (a dress and shoes), then the others, each with CFG if that is searched, then each
LoRA of several files with all of them, each whose schedule moves with all of its ends, and each ControlNet at all settings;
then again from the best so far, until a round draws nothing new. Follows from the trials alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best, nearest
from optimizer.search.samplers.base import SamplerSettings
from optimizer.search.space import CFG, FILE, Space

SPACINGS: Final = (0.2, 0.1, 0.05)
"""Of the grids, one after the other, in shares of an axis; not finer than its step."""
ROUNDS: Final = 20


@dataclass(frozen=True)
class CoarseToFine:
    """`together` names the weights of the first grids: at most two."""

    start: Point
    together: tuple[str, ...]
    design: ClassVar[tuple[float, ...]] = ()
    min_saving: ClassVar[float | None] = None

    def propose(self, space: Space, history: Sequence[Judged]) -> Point | None:
        """The first point of the grids so far that was not drawn; None when a round brought nothing new."""
        by_key = {j.point.key(): j for j in history}
        centre = self.start
        for _ in range(ROUNDS):
            before = centre
            for names, spacing in itertools.product(_groups(space, self.together), SPACINGS):
                judged = []
                for point in _grid(space, centre, names, spacing):
                    if point.key() not in by_key:
                        return point
                    judged.append(by_key[point.key()])
                centre = (best(judged) or nearest(judged)).point
            if centre.key() == before.key():
                return None
        return None


def make(settings: SamplerSettings) -> CoarseToFine:
    """For the registry."""
    return CoarseToFine(settings.start, settings.together or tuple(settings.space.weights)[:2])


def _groups(space: Space, together: tuple[str, ...]) -> list[tuple[str, ...]]:
    with_cfg = (CFG,) if space.cfg else ()
    others = [(name, *with_cfg) for name in space.weights if name not in together]
    files = [(name, f"{name}{FILE}") for name in space.files]
    schedules = [(name, *(f"{name}.{end}" for end in ends)) for name, ends in space.schedules.moving.items()]
    controls = [tuple(f"{net}.{setting}" for setting in settings) for net, settings in space.controls.moving.items()]
    return [together, *others, *files, *schedules, *controls]


def _grid(space: Space, centre: Point, names: tuple[str, ...], spacing: float) -> Iterator[Point]:
    """Three values of each name around the centre, and all files, ends of schedules and settings of ControlNets."""
    values: list[list[Any]] = []
    tried = {**space.schedules.axes(), **space.controls.axes()}
    for name in names:
        if name.endswith(FILE):
            values.append(list(reversed(space.files[name.removesuffix(FILE)])))
            continue
        if name in tried:
            values.append(list(tried[name]))
            continue
        axis = space.cfg if name == CFG and space.cfg else space.weights[name]
        middle = centre.cfg if name == CFG else centre.weights[name]
        apart = max(spacing * (axis.high - axis.low), axis.step)
        values.append([axis.snap(middle + k * apart) for k in (-1, 0, 1)])
    for row in itertools.product(*values):
        at: Mapping[str, Any] = dict(zip(names, row, strict=True))
        weights = {name: at.get(name, w) for name, w in centre.weights.items()}
        files = {name: at.get(f"{name}{FILE}", space.file_of(centre, name)) for name in space.files}
        schedules = space.schedules.from_numbers({**space.schedules.numbers(centre), **at})
        controls = space.controls.from_numbers({**space.controls.numbers(centre), **at})
        yield space.point(weights, at.get(CFG, centre.cfg), set(centre.prompt_edits), files, schedules, controls)

"""The axis of one setting of a ControlNet: `edges.strength`, `edges.end`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from optimizer.control.control import Control
from optimizer.point import Point
from optimizer.search.searched_controls import Setting
from studies.grid.axes import NOTHING, Tag


@dataclass(frozen=True)
class ControlAxis:
    """A `studies.grid.axes.GridAxis`."""

    net: str
    setting: Setting
    values: tuple[float, ...]
    given: Mapping[str, Control]
    """What the study's file says."""

    @property
    def name(self) -> str:
        return f"{self.net}.{self.setting}"

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(f"{self.net} {self.setting} {value:g}" for value in self.values)

    @property
    def touches(self) -> frozenset[str]:
        return frozenset({self.name})

    def place(self, seed: int, point: Point, index: int) -> tuple[int, Point]:
        """A ControlNet that is off at the point has the file's other setting."""
        now = point.controls.get(self.net) or replace(self.given[self.net], strength=0.0)
        if self.setting == "end" and now.strength <= 0:
            now = self.given[self.net]
        return seed, replace(point, controls={**point.controls, self.net: replace(now, **{self.setting: self.values[index]})})

    def a1111(self, tag: Tag) -> tuple[str, tuple[str, ...]]:
        return NOTHING, tuple(f"{value:g}" for value in self.values)

"""How strongly, and up to which step, the ControlNets of a study act: as its file says, and what of it its search moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from optimizer.control.control import Control, Controls, acting
from optimizer.point import Point

Setting = Literal["strength", "end"]
VALUES: Final[Mapping[Setting, tuple[float, ...]]] = {"strength": (0.0, 0.25, 0.5, 0.75, 1.0), "end": (0.5, 0.75, 1.0)}
"""What a search tries, evenly spaced."""
IDLE: Final[Mapping[Setting, float]] = {"strength": 0.0, "end": 1.0}
"""Where the axes of a ControlNet that does not act are."""


@dataclass(frozen=True)
class SearchedControls:
    """By ControlNet."""

    steps: int = 1
    """Of the study's images."""
    given: Controls = field(default_factory=dict)
    """What the study file says, and what moving settings begin at."""
    moving: Mapping[str, tuple[Setting, ...]] = field(default_factory=dict)
    """The settings that the search moves."""
    prices: Mapping[str, float] = field(default_factory=dict)
    """Cost of strength 1 in all steps."""

    def axes(self) -> dict[str, tuple[float, ...]]:
        """What is tried, by the names that trials have for the axes: `edges.strength`, `edges.end`."""
        return {name: VALUES[setting] for name, _, setting in self.columns()}

    def columns(self) -> Iterator[tuple[str, str, Setting]]:
        """Each axis: its name, the ControlNet, the setting."""
        return ((f"{net}.{setting}", net, setting) for net, settings in self.moving.items() for setting in settings)

    def named(self, wanted: Controls | None = None) -> dict[str, Control]:
        """What a point has: the nearest to `wanted` that the search tries, where it moves it, else what the file says; None for
        the file alone. ControlNets that do not act are left out."""
        sought = self.given if wanted is None else wanted
        found = {net: self._nearest(net, sought.get(net, Control(IDLE["strength"], IDLE["end"]))) for net in self.given}
        return acting(found)

    def from_numbers(self, numbers: Mapping[str, float]) -> dict[str, Control]:
        """`numbers` are by the axes' names; settings that are not named are as the file says."""
        found = dict(self.given)
        for name, net, setting in self.columns():
            if name in numbers:
                found[net] = replace(found[net], **{setting: float(numbers[name])})
        return found

    def numbers(self, point: Point) -> dict[str, float]:
        """The inverse."""
        controls = point.acting_controls()
        return {name: getattr(controls[net], which) if net in controls else IDLE[which] for name, net, which in self.columns()}

    def cost(self, point: Point) -> float:
        """sum_c p_c k_c s_c: k_c is the strength, s_c the share of the steps in which it acts."""
        spent = {net: control.spent(point.steps or self.steps) for net, control in point.acting_controls().items()}
        return sum(self.prices.get(net, 0.0) * by for net, by in spent.items())

    def _nearest(self, net: str, sought: Control) -> Control:
        settings = self.moving.get(net, ())
        tried = {which: min(VALUES[which], key=lambda value: abs(value - getattr(sought, which))) for which in settings}
        return replace(self.given[net], **tried)

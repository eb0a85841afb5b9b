"""The grid of points that a search may try: LoRA weights and, if asked for, CFG, all in steps, and prompt edits made or not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.point import Point
from optimizer.search.prompt_edits import PromptEdit

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

CFG: Final = "cfg"


@dataclass(frozen=True)
class Axis:
    """Values low, low + step, ... up to high."""

    low: float
    high: float
    step: float

    def __post_init__(self) -> None:
        """Raises InputError unless the three are numbers, `low` is at most `high`, and `step` above 0."""
        whole = all(_is_number(value) for value in (self.low, self.high, self.step))
        if not whole or self.low > self.high or self.step <= 0:
            what = phrase("no axis from {low!r} to {high!r} by {step!r}", low=self.low, high=self.high, step=self.step)
            raise InputError(what, "Axis", "give a low and a high that is no lower, and a step above 0")

    def snap(self, value: float) -> float:
        """The nearest value of the axis."""
        steps = round((value - self.low) / self.step)
        last = int((self.high - self.low) / self.step + 1e-9)
        return round(self.low + min(max(steps, 0), last) * self.step, 6)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


EDIT_AXIS: Final = Axis(0.0, 1.0, 1.0)
"""1 where a prompt edit is made."""


@dataclass(frozen=True)
class Space:
    """The axes of one study's search, and what each costs."""

    weights: Mapping[str, Axis]
    """By LoRA."""
    given_cfg: float
    """The study's own CFG."""
    cfg: Axis | None = None
    """None where CFG stays at `given_cfg`."""
    prices: Mapping[str, float] | None = None
    """Cost of one unit of a LoRA's weight; 1 where none is given."""
    cfg_price: float = 0.02
    """Cost of one unit of CFG away from the given one."""
    prompt_edits: tuple[PromptEdit, ...] = ()
    prompt: str = ""
    """The study's own, which the edits change."""
    edit_price: float = 0.05
    """Cost of each edit."""

    def __post_init__(self) -> None:
        """Raises InputError unless CFG is a number and all prices are numbers of at least 0."""
        prices = {"cfg_price": self.cfg_price, "edit_price": self.edit_price, **(self.prices or {})}
        wrong = [name for name, price in prices.items() if not _is_number(price) or price < 0]
        if wrong or not _is_number(self.given_cfg):
            what = (
                phrase("no price: {price!r}", price=prices[wrong[0]])
                if wrong
                else phrase("no CFG: {given_cfg!r}", given_cfg=self.given_cfg)
            )
            raise InputError(what, wrong[0] if wrong else "given_cfg", "give a number, prices of at least 0")

    @property
    def free(self) -> dict[str, Axis]:
        """The axes beyond weights, by the names that trials have for them: CFG, and each prompt edit as 0 or 1."""
        cfg = {CFG: self.cfg} if self.cfg else {}
        return cfg | {edit.name: EDIT_AXIS for edit in self.prompt_edits}

    def point(self, weights: Mapping[str, float], cfg: float | None = None, edits: Set[str] = frozenset()) -> Point:
        """The nearest point of the grid, with the prompt edits of these names."""
        snapped = {name: axis.snap(weights[name]) for name, axis in self.weights.items()}
        made = [edit for edit in self.prompt_edits if edit.name in edits]
        prompt = self.prompt
        for edit in made:
            prompt = edit.apply(prompt)
        return Point(
            snapped,
            self.cfg.snap(cfg) if self.cfg and cfg is not None else self.given_cfg,
            prompt if made else "",
            prompt_edits=tuple(edit.name for edit in made),
        )

    def cost(self, point: Point) -> float:
        """sum_i p_i |w_i| + cfg_price |CFG - given| + edit_price for each prompt edit: what is minimised."""
        prices = self.prices or {}
        weight = sum(prices.get(name, 1.0) * abs(w) for name, w in point.weights.items())
        return weight + self.cfg_price * abs(point.cfg - self.given_cfg) + self.edit_price * len(point.prompt_edits)

    def distributions(self, off: float = 0.0) -> dict[str, BaseDistribution]:
        """Those of the grid; with `off`, those of all that is drawn up to `off` from it in weight."""
        from optuna.distributions import FloatDistribution

        axes = dict(self.weights) | self.free
        grid = {name: FloatDistribution(a.low, a.snap(a.high), step=a.step) for name, a in axes.items()}
        near = {n: FloatDistribution(min(a.low, max(0.0, a.low - off)), a.high + off) for n, a in self.weights.items()}
        return {**grid, **near} if off else {**grid}

    def params(self, point: Point) -> dict[str, float]:
        """The point as Optuna parameters."""
        cfg = {CFG: point.cfg} if self.cfg else {}
        return dict(point.weights) | cfg | {edit.name: float(edit.name in point.prompt_edits) for edit in self.prompt_edits}

    def drawn_point(self, params: Mapping[str, float]) -> Point:
        """The point of stored parameters, at its own weights: it may lie between the steps."""
        weights = {name: round(params[name], 6) for name in self.weights}
        return replace(self.from_params(params), weights=weights)

    def from_params(self, params: Mapping[str, float]) -> Point:
        """The nearest point of the grid."""
        edits = {edit.name for edit in self.prompt_edits if params.get(edit.name, 0.0) > 0.5}
        return self.point(params, params.get(CFG), edits)

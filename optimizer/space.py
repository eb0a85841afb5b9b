"""The grid of points that a search may try: LoRA weights and, if asked for, CFG, all in steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optimizer.point import Point

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

CFG = "cfg"


@dataclass(frozen=True)
class Axis:
    """Values low, low + step, ... up to high."""

    low: float
    high: float
    step: float

    def snap(self, value: float) -> float:
        """The nearest value of the axis."""
        steps = round((value - self.low) / self.step)
        last = int((self.high - self.low) / self.step + 1e-9)
        return round(self.low + min(max(steps, 0), last) * self.step, 6)


@dataclass(frozen=True)
class Space:
    """`weights` by LoRA name; `cfg` is None where CFG stays at `given_cfg`. `prices` weigh the cost of each LoRA."""

    weights: Mapping[str, Axis]
    given_cfg: float
    cfg: Axis | None = None
    prices: Mapping[str, float] | None = None
    cfg_price: float = 0.02

    def point(self, weights: Mapping[str, float], cfg: float | None = None) -> Point:
        """The nearest point of the grid."""
        snapped = {name: axis.snap(weights[name]) for name, axis in self.weights.items()}
        return Point(snapped, self.cfg.snap(cfg) if self.cfg and cfg is not None else self.given_cfg)

    def cost(self, point: Point) -> float:
        """sum_i p_i |w_i| + cfg_price |CFG - given|: what is minimised."""
        prices = self.prices or {}
        weight = sum(prices.get(name, 1.0) * abs(w) for name, w in point.weights.items())
        return weight + self.cfg_price * abs(point.cfg - self.given_cfg)

    def distributions(self) -> dict[str, BaseDistribution]:
        from optuna.distributions import FloatDistribution

        axes = dict(self.weights) | ({CFG: self.cfg} if self.cfg else {})
        return {name: FloatDistribution(a.low, a.snap(a.high), step=a.step) for name, a in axes.items()}

    def params(self, point: Point) -> dict[str, float]:
        """The point as Optuna parameters."""
        return dict(point.weights) | ({CFG: point.cfg} if self.cfg else {})

    def from_params(self, params: Mapping[str, float]) -> Point:
        return self.point(params, params.get(CFG))

"""The grid of points that a search may try: LoRA weights and, if asked for, CFG, all in steps, and levers pulled or not."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from optimizer.point import Point
from optimizer.search.prompt_edits import Lever

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


PULLED: Final = Axis(0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Space:
    """`weights` by LoRA name; `cfg` is None where CFG stays at `given_cfg`. `prices` weigh the cost of each LoRA.

    `levers` change `prompt`, each at `lever_price`.
    """

    weights: Mapping[str, Axis]
    given_cfg: float
    cfg: Axis | None = None
    prices: Mapping[str, float] | None = None
    cfg_price: float = 0.02
    levers: tuple[Lever, ...] = ()
    prompt: str = ""
    lever_price: float = 0.05

    @property
    def free(self) -> dict[str, Axis]:
        """What is searched beyond weights, by the names that trials have for it: CFG, and each lever as 0 or 1."""
        cfg = {CFG: self.cfg} if self.cfg else {}
        return cfg | {lever.name: PULLED for lever in self.levers}

    def point(self, weights: Mapping[str, float], cfg: float | None = None, pulled: Set[str] = frozenset()) -> Point:
        """The nearest point of the grid, with the levers of these names pulled."""
        snapped = {name: axis.snap(weights[name]) for name, axis in self.weights.items()}
        levers = tuple(lever.name for lever in self.levers if lever.name in pulled)
        prompt = self.prompt
        for lever in self.levers:
            prompt = lever.pulled(prompt) if lever.name in pulled else prompt
        return Point(
            snapped,
            self.cfg.snap(cfg) if self.cfg and cfg is not None else self.given_cfg,
            prompt if levers else "",
            levers=levers,
        )

    def cost(self, point: Point) -> float:
        """sum_i p_i |w_i| + cfg_price |CFG - given| + lever_price for each lever: what is minimised."""
        prices = self.prices or {}
        weight = sum(prices.get(name, 1.0) * abs(w) for name, w in point.weights.items())
        return weight + self.cfg_price * abs(point.cfg - self.given_cfg) + self.lever_price * len(point.levers)

    def distributions(self) -> dict[str, BaseDistribution]:
        from optuna.distributions import FloatDistribution

        axes = dict(self.weights) | self.free
        return {name: FloatDistribution(a.low, a.snap(a.high), step=a.step) for name, a in axes.items()}

    def params(self, point: Point) -> dict[str, float]:
        """The point as Optuna parameters."""
        cfg = {CFG: point.cfg} if self.cfg else {}
        return dict(point.weights) | cfg | {lever.name: float(lever.name in point.levers) for lever in self.levers}

    def from_params(self, params: Mapping[str, float]) -> Point:
        pulled = {lever.name for lever in self.levers if params.get(lever.name, 0.0) > 0.5}
        return self.point(params, params.get(CFG), pulled)

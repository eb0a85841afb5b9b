"""The grid of points that a search may try: LoRA weights and, if asked for, CFG, all in steps, ControlNets, and prompt edits made
or not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.control.control import Controls
from optimizer.point import Point
from optimizer.schedules.schedule import NONE, Schedules
from optimizer.search.prompt_edits import PromptEdit
from optimizer.search.searched_controls import SearchedControls
from optimizer.search.searched_schedules import SearchedSchedules

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

CFG: Final = "cfg"
FILE: Final = ".file"
"""After a LoRA's name: the axis of its files."""
EARLIER: Final = 1e-8
"""Cost of each file that a LoRA's is earlier than its last: it decides among equal weights, and nothing else."""


NO_FILES: Final[Mapping[str, str]] = MappingProxyType({})


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
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By LoRA of several files (epochs), their labels, the earliest first: each draws at no cost."""
    schedules: SearchedSchedules = field(default_factory=SearchedSchedules)
    """The steps in which LoRAs act; a weight costs the share of them."""
    controls: SearchedControls = field(default_factory=SearchedControls)
    """How strongly ControlNets act, and up to which step; each costs its price times both."""

    def __post_init__(self) -> None:
        """Raises InputError unless CFG is a number, all prices are numbers of at least 0, and files are of LoRAs of the space."""
        for name, labels in self.files.items():
            if name not in self.weights or len(labels) < 2 or len(set(labels)) < len(labels):
                raise InputError("no axis of files", name, "give a LoRA of the space, and two labels or more, each once")
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
        """The axes beyond weights, by the names that trials have for them: CFG, the files of each LoRA that has several, by their
        places from 0 on, ends of schedules, settings of ControlNets, and each prompt edit as 0 or 1."""
        cfg = {CFG: self.cfg} if self.cfg else {}
        files = {f"{name}{FILE}": Axis(0.0, len(labels) - 1.0, 1.0) for name, labels in self.files.items()}
        tried = {**self.schedules.axes(), **self.controls.axes()}
        ends = {name: Axis(values[0], values[-1], values[1] - values[0]) for name, values in tried.items()}
        return cfg | files | ends | {edit.name: EDIT_AXIS for edit in self.prompt_edits}

    def point(
        self,
        weights: Mapping[str, float],
        cfg: float | None = None,
        edits: Set[str] = frozenset(),
        files: Mapping[str, str] = NO_FILES,
        schedules: Schedules = NONE,
        controls: Controls | None = None,
    ) -> Point:
        """The nearest point of the grid, with the prompt edits of these names, and `files` by label; the last of a LoRA's where
        none is given, and at weight 0. `schedules` are of LoRAs whose search moves them, `controls` likewise; where none
        is given, the study's. Raises InputError for a label that a LoRA does not have."""
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
            files=self._named(snapped, files),
            schedules=self.schedules.named(snapped, schedules),
            controls=self.controls.named(controls),
        )

    def _named(self, weights: Mapping[str, float], labels: Mapping[str, str]) -> dict[str, str]:
        """The labels that a point names: those of files before the last, of LoRAs that are on."""
        return {n: label for n, label in labels.items() if weights[n] and self._place(n, label) < len(self.files[n]) - 1}

    def _labels(self, params: Mapping[str, Any]) -> dict[str, str]:
        return {name: str(params[f"{name}{FILE}"]) for name in self.files if f"{name}{FILE}" in params}

    def _place(self, name: str, label: str) -> int:
        if label not in self.files.get(name, ()):
            what = phrase("{name} has no file {label}", name=name, label=label)
            raise InputError(what, name, phrase("name one of: {names}", names=", ".join(self.files.get(name, ())) or "-"))
        return self.files[name].index(label)

    def file_of(self, point: Point, name: str) -> str:
        """The label of the file that draws a LoRA of several files."""
        return point.files.get(name, self.files[name][-1])

    def files_of(self, point: Point) -> dict[str, str]:
        """By LoRA of several files, the label of the one that draws it; the last at weight 0, where none does."""
        return {name: self.file_of(point, name) if point.weights.get(name) else labels[-1] for name, labels in self.files.items()}

    def cost(self, point: Point) -> float:
        """sum_i p_i |w_i| s_i + cfg_price |CFG - given| + edit_price for each prompt edit: what is minimised. s_i is the share
        of the steps in which a LoRA acts: its weight averaged over them. What ControlNets cost is added. Among equals a later
        file is cheaper, by EARLIER."""
        prices = self.prices or {}
        weight = sum(prices.get(name, 1.0) * abs(w) * self.schedules.share(name, point) for name, w in point.weights.items())
        cost = (
            weight
            + self.controls.cost(point)
            + self.cfg_price * abs(point.cfg - self.given_cfg)
            + self.edit_price * len(point.prompt_edits)
        )
        return cost + EARLIER * self._earlier(point) if self.files else cost

    def _earlier(self, point: Point) -> int:
        return sum(len(self.files[n]) - 1 - self.files[n].index(label) for n, label in self.files_of(point).items())

    def distributions(self, off: float = 0.0) -> dict[str, BaseDistribution]:
        """Those of the grid; with `off`, those of all that is drawn up to `off` from it in weight."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution

        axes = dict(self.weights) | self.free
        grid = {name: FloatDistribution(a.low, a.snap(a.high), step=a.step) for name, a in axes.items()}
        near = {n: FloatDistribution(min(a.low, max(0.0, a.low - off)), a.high + off) for n, a in self.weights.items()}
        files = {f"{name}{FILE}": CategoricalDistribution(labels) for name, labels in self.files.items()}
        return {**grid, **(near if off else {}), **files}

    def params(self, point: Point) -> dict[str, Any]:
        """The point as Optuna parameters: numbers, and labels of files."""
        return self.numbers(point) | {f"{name}{FILE}": label for name, label in self.files_of(point).items()}

    def numbers(self, point: Point) -> dict[str, float]:
        """The point on all axes, files by their places."""
        cfg = {CFG: point.cfg} if self.cfg else {}
        files = {f"{n}{FILE}": float(self.files[n].index(label)) for n, label in self.files_of(point).items()}
        edits = {edit.name: float(edit.name in point.prompt_edits) for edit in self.prompt_edits}
        return dict(point.weights) | cfg | files | self.schedules.numbers(point) | self.controls.numbers(point) | edits

    def drawn_point(self, params: Mapping[str, Any]) -> Point:
        """The point of stored parameters, at its own weights: it may lie between the steps. Raises InputError as `point` does."""
        weights = {name: round(params[name], 6) for name in self.weights}
        schedules = self.schedules.named(weights, self.schedules.from_numbers(params))
        return replace(
            self.from_params(params), weights=weights, files=self._named(weights, self._labels(params)), schedules=schedules
        )

    def from_params(self, params: Mapping[str, Any]) -> Point:
        """The nearest point of the grid; a LoRA whose file is not named has its last one. Raises InputError as `point` does."""
        edits = {edit.name for edit in self.prompt_edits if params.get(edit.name, 0.0) > 0.5}
        schedules, controls = self.schedules.from_numbers(params), self.controls.from_numbers(params)
        return self.point(params, params.get(CFG), edits, self._labels(params), schedules, controls)

    def from_numbers(self, numbers: Mapping[str, float]) -> Point:
        """The inverse of `numbers`."""
        labels = {f"{n}{FILE}": labels[round(numbers[f"{n}{FILE}"])] for n, labels in self.files.items()}
        return self.from_params({**numbers, **labels})

    def has_files_of(self, params: Mapping[str, Any]) -> bool:
        """Whether every file that stored parameters name is one of the space's."""
        return all(params.get(f"{name}{FILE}", labels[-1]) in labels for name, labels in self.files.items())

"""A landscape: every point of a grid at one locked seed, drawn and observed once, so that searches can be replayed for nothing.

The table is an .npz of plain arrays (no pickles): `levels.<LoRA>` the values of each axis, rising, and `cfgs` those of CFG, none
where it was not varied; `raw.<LoRA>`, `hands`, `body` and `drift` the scores as scorers.score.scores tells them, float32 in
the shape
of the axes in the order of `names`, CFG last; `about` a JSON text with the seed, the start weights, the study's own CFG, the
calibration of each LoRA and the hashes of what made it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.errors import InputError
from models.io.files import write_whole
from optimizer.point import Point
from optimizer.search.judged import Judged
from optimizer.search.space import Axis, Space
from scorers.score.calibration import Calibration

Array = NDArray[np.float32]
FORMAT: Final = 2
NEAR: Final = 0.1
CFG: Final = 1.0
"""Of landscapes that vary weights alone: there it does not matter to a search what CFG they were drawn at."""


@dataclass(frozen=True)
class Landscape:
    """Raw scores over the grid of `levels`. `made_of` names what drew and scored it, with a hash each."""

    seed: int
    levels: Mapping[str, tuple[float, ...]]
    raw: Mapping[str, Array]
    hands: Array
    body: Array
    drift: Array
    calibrations: Mapping[str, Calibration]
    start: Mapping[str, float]
    made_of: Mapping[str, str]
    order: int = 0
    """Its place in the order of scouting."""
    cfg: float = CFG
    """The study's own."""
    cfgs: tuple[float, ...] = ()
    """Values of CFG, rising, the study's own among them; none where it was not varied."""

    @property
    def shape(self) -> tuple[int, ...]:
        return shape_of(self.levels, self.cfgs)

    @property
    def space(self) -> Space:
        return Space({n: _axis(v) for n, v in self.levels.items()}, self.cfg, _axis(self.cfgs) if self.cfgs else None)

    def at(self, point: Point) -> tuple[int, ...]:
        """Where in the arrays a point is, or the point of the grid nearest to it."""
        there = tuple(nearest(values, point.weights[name]) for name, values in self.levels.items())
        return (*there, nearest(self.cfgs, point.cfg)) if self.cfgs else there

    def plane(self) -> Landscape:
        """What a search at the study's own CFG meets."""
        if not self.cfgs:
            return self
        at = nearest(self.cfgs, self.cfg)
        raw = {n: r[..., at] for n, r in self.raw.items()}
        hands, body, drift = (scores[..., at] for scores in (self.hands, self.body, self.drift))
        return replace(self, raw=raw, hands=hands, body=body, drift=drift, cfgs=())


@dataclass(frozen=True)
class Problem:
    """A landscape with requirements: what a search of it may ask, and the truth that it is measured by."""

    landscape: Landscape
    require: Mapping[str, float]
    hands_tolerance: float
    drift_allowed: float | None = None

    @property
    def space(self) -> Space:
        return self.landscape.space

    @property
    def start(self) -> Point:
        return self.space.point(self.landscape.start)

    @cached_property
    def violations(self) -> dict[str, Array]:
        """How far each requirement is from being met at every point of the grid, as scorers.score.scores counts it."""
        held = self.landscape
        found = {name: least - _calibrated(held.raw[name], held.calibrations[name]) for name, least in self.require.items()}
        allowed = min(1.0, float(held.hands[held.at(self.start)]) + self.hands_tolerance)
        found |= {"hands": held.hands - np.float32(allowed), "body": held.body}
        return found if self.drift_allowed is None else {**found, "drift": held.drift - np.float32(self.drift_allowed)}

    @cached_property
    def optimum(self) -> float | None:
        """The least cost of a point that meets all; None where there is none."""
        held, space = self.landscape, self.space
        feasible = np.all([m <= 0 for m in self.violations.values()], axis=0)
        away = [space.cfg_price * np.abs(np.subtract(held.cfgs, held.cfg))] if held.cfgs else []
        costs = np.meshgrid(*[np.abs(v) for v in held.levels.values()], *away, indexing="ij")
        return float(np.sum(costs, axis=0)[feasible].min()) if feasible.any() else None

    def is_pick(self, judged: Judged) -> bool:
        """Feasible, and within NEAR of the optimum."""
        return self.optimum is not None and judged.feasible and judged.cost <= self.optimum + NEAR + 1e-6

    def judge(self, point: Point) -> Judged:
        where = self.landscape.at(point)
        return Judged(point, self.space.cost(point), {name: float(m[where]) for name, m in self.violations.items()})


def shape_of(levels: Mapping[str, tuple[float, ...]], cfgs: tuple[float, ...]) -> tuple[int, ...]:
    """Of a table of scores over such axes: CFG is the last where it is varied."""
    return tuple(len(values) for values in (*levels.values(), *([cfgs] if cfgs else [])))


def _axis(values: Sequence[float]) -> Axis:
    return Axis(values[0], values[-1], round(values[1] - values[0], 6))


def nearest(values: Sequence[float], value: float) -> int:
    """Where in `values` the one nearest to `value` is, the first of those equally near."""
    return int(np.argmin(np.abs(np.subtract(values, value))))


def _calibrated(raw: Array, calibration: Calibration) -> Array:
    if not calibration.measurable:
        return np.zeros_like(raw)
    return np.asarray(np.maximum((raw - calibration.zero) / (calibration.one - calibration.zero), 0), np.float32)


def write_landscape(landscape: Landscape, path: Path) -> None:
    about = {"format": FORMAT, "seed": landscape.seed, "names": list(landscape.levels), "made_of": dict(landscape.made_of)}
    about["calibrations"] = {name: c.to_json() for name, c in landscape.calibrations.items()}
    about["order"] = landscape.order
    about["start"], about["cfg"] = dict(landscape.start), landscape.cfg
    arrays = {f"levels.{n}": np.asarray(v) for n, v in landscape.levels.items()} | {"cfgs": np.asarray(landscape.cfgs)}
    arrays |= {f"raw.{n}": r for n, r in landscape.raw.items()}
    arrays |= {"hands": landscape.hands, "body": landscape.body, "drift": landscape.drift}
    held = io.BytesIO()
    np.savez_compressed(held, about=np.asarray(json.dumps(about, sort_keys=True)), **arrays)  # type: ignore[arg-type]
    write_whole(path, held.getvalue())


def read_landscape(path: Path) -> Landscape:
    """Raises InputError if the file is not what `write_landscape` wrote."""
    try:
        with np.load(path, allow_pickle=False) as held:
            about = json.loads(str(held["about"]))
            if about["format"] != FORMAT:
                raise ValueError(f"format {about['format']}")
            names = about["names"]
            levels = {n: _values(held[f"levels.{n}"]) for n in names}
            cfgs = _values(held["cfgs"])
            scores = {key: held[key].astype(np.float32) for key in (*(f"raw.{n}" for n in names), "hands", "body", "drift")}
        found = Landscape(
            seed=int(about["seed"]),
            levels=levels,
            raw={n: scores[f"raw.{n}"] for n in names},
            hands=scores["hands"],
            body=scores["body"],
            drift=scores["drift"],
            calibrations={n: Calibration.from_json(c) for n, c in about["calibrations"].items()},
            start={n: float(about["start"][n]) for n in names},
            made_of={str(k): str(v) for k, v in about["made_of"].items()},
            order=int(about["order"]),
            cfg=float(about["cfg"]),
            cfgs=cfgs,
        )
        if any(array.shape != found.shape for array in scores.values()):
            raise ValueError("scores and axes differ in shape")
    except (OSError, KeyError, ValueError, TypeError, EOFError) as error:
        raise InputError(
            f"not a landscape ({error})", path, "make it again: python -m studies.paperdoll.make.landscapes"
        ) from error
    return found


def _values(array: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(v), 6) for v in array)


def stale(landscape: Landscape, now: Mapping[str, str]) -> list[str]:
    """Names of what made the landscape and is not what it was, or is gone. `now` gives hashes by the same names."""
    return sorted(name for name, held in landscape.made_of.items() if now.get(name) != held)

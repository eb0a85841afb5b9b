"""A landscape: every point of a grid at one locked seed, drawn and scored once, so that searches can be replayed for nothing.

The table is an .npz of plain arrays (no pickles): `levels.<LoRA>` the values of each axis, rising, and `cfgs` those of CFG, none
where it was not varied; `raw.<LoRA>` the raw score of each LoRA, and under its name each score of the image as a whole
(scorers.score.registry), float32 in the shape of the axes in the order of `names`, CFG last; `about` a JSON text with the seed,
the start weights, the study's own CFG, the calibration of each LoRA and the hashes of what made it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.errors import InputError
from models.io.files import write_whole
from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.space import Axis, Space
from scorers.score.base import Score
from scorers.score.calibration import Calibration
from scorers.score.registry import SCORES

Array = NDArray[np.float32]
FORMAT: Final = 3
NEAR: Final = 0.1
"""How much more than the optimum a pick may cost."""
CFG: Final = 1.0
"""Of landscapes that vary weights alone: there it does not matter to a search what CFG they were drawn at."""


@dataclass(frozen=True)
class Landscape:
    """Scores over a grid, as arrays in its `shape`."""

    seed: int
    levels: Mapping[str, tuple[float, ...]]
    """Weights by LoRA, rising."""
    raw: Mapping[str, Array]
    """By LoRA, not calibrated."""
    whole: Mapping[str, Array]
    """By score of the image as a whole, 0 the best."""
    calibrations: Mapping[str, Calibration]
    start: Mapping[str, float]
    """Weight by LoRA."""
    made_of: Mapping[str, str]
    """What drew and scored it, with a hash each."""
    order: int = 0
    """Its place in the order of scouting."""
    cfg: float = CFG
    """The study's own."""
    cfgs: tuple[float, ...] = ()
    """Values of CFG, rising, the study's own among them; none where it was not varied."""
    calibration_images: int = 0
    """That were drawn to calibrate it: the plain image and the ladders."""

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
        whole = {n: scores[..., at] for n, scores in self.whole.items()}
        return replace(self, raw=raw, whole=whole, cfgs=())


@dataclass(frozen=True)
class Problem:
    """A landscape with requirements: what a search of it may ask, and the truth that it is measured by.

    Scores that count faults allow none; other scores of the image as a whole are constraints where an allowance names them.
    """

    landscape: Landscape
    require: Mapping[str, float]
    """Least calibrated expression by LoRA."""
    above_start: Mapping[str, float] = field(default_factory=dict)
    """How much worse than at the start a score may be; at most 1 in all."""
    at_most: Mapping[str, float] = field(default_factory=dict)

    @property
    def space(self) -> Space:
        return self.landscape.space

    @property
    def start(self) -> Point:
        return self.space.point(self.landscape.start)

    @cached_property
    def violations(self) -> dict[str, Array]:
        """The violation of each constraint at every point of the grid, as scorers.score.constraints counts it."""
        table = self.landscape
        found = {name: least - _calibrated(table.raw[name], table.calibrations[name]) for name, least in self.require.items()}
        limits = {score.name: self._limit(score) for score in SCORES if score.name in table.whole}
        return found | {n: table.whole[n] - np.float32(limit) for n, limit in limits.items() if limit is not None}

    def _limit(self, score: Score) -> float | None:
        if score.name in self.above_start:
            at_start = float(self.landscape.whole[score.name][self.landscape.at(self.start)])
            return min(1.0, at_start + self.above_start[score.name])
        return self.at_most.get(score.name, 0.0 if score.counted else None)

    @cached_property
    def optimum(self) -> float | None:
        """The least cost of a point that meets all; None where there is none."""
        table, space = self.landscape, self.space
        feasible = np.all([v <= 0 for v in self.violations.values()], axis=0)
        away = [space.cfg_price * np.abs(np.subtract(table.cfgs, table.cfg))] if table.cfgs else []
        costs = np.meshgrid(*[np.abs(v) for v in table.levels.values()], *away, indexing="ij")
        return float(np.sum(costs, axis=0)[feasible].min()) if feasible.any() else None

    def is_pick(self, judged: Judged) -> bool:
        """Feasible, and within NEAR of the optimum."""
        return self.optimum is not None and judged.feasible and judged.cost <= self.optimum + NEAR + 1e-6

    def judge(self, point: Point) -> Judged:
        where = self.landscape.at(point)
        return Judged(point, self.space.cost(point), {name: float(v[where]) for name, v in self.violations.items()})


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
    about["calibration_images"] = landscape.calibration_images
    arrays = {f"levels.{n}": np.asarray(v) for n, v in landscape.levels.items()} | {"cfgs": np.asarray(landscape.cfgs)}
    arrays |= {f"raw.{n}": r for n, r in landscape.raw.items()}
    arrays |= dict(landscape.whole)
    buffer = io.BytesIO()
    # numpy's stub takes the arrays by name for `allow_pickle`, a flag.
    np.savez_compressed(buffer, about=np.asarray(json.dumps(about, sort_keys=True)), **arrays)  # type: ignore[arg-type]
    write_whole(path, buffer.getvalue())


def read_landscape(path: Path) -> Landscape:
    """Raises InputError if the file is not what `write_landscape` wrote."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            about = json.loads(str(archive["about"]))
            if about["format"] != FORMAT:
                raise ValueError(f"format {about['format']}")
            names = about["names"]
            levels = {n: _values(archive[f"levels.{n}"]) for n in names}
            cfgs = _values(archive["cfgs"])
            whole = [score.name for score in SCORES if score.name in archive or not score.optional]
            scores = {key: archive[key].astype(np.float32) for key in (*(f"raw.{n}" for n in names), *whole)}
        found = Landscape(
            seed=int(about["seed"]),
            levels=levels,
            raw={n: scores[f"raw.{n}"] for n in names},
            whole={n: scores[n] for n in whole},
            calibrations={n: Calibration.from_json(c) for n, c in about["calibrations"].items()},
            start={n: float(about["start"][n]) for n in names},
            made_of={str(k): str(v) for k, v in about["made_of"].items()},
            order=int(about["order"]),
            cfg=float(about["cfg"]),
            cfgs=cfgs,
            calibration_images=int(about["calibration_images"]),
        )
        if any(array.shape != found.shape for array in scores.values()):
            raise ValueError("scores and axes differ in shape")
    except (OSError, KeyError, ValueError, TypeError, EOFError) as error:
        raise InputError(
            f"not a landscape ({error})", path, "make it again: python -m benchmarks.search.draw_landscapes"
        ) from error
    return found


def _values(array: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(v), 6) for v in array)


def stale(landscape: Landscape, now: Mapping[str, str]) -> list[str]:
    """Names of what made the landscape and is not what it was, or is gone. `now` gives hashes by the same names."""
    return sorted(name for name, old in landscape.made_of.items() if now.get(name) != old)

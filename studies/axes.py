"""Axes of a grid as people write them: `dress=0.3:0.6:0.1` (last value included) or `cfg=5,6,7`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.errors import InputError
from optimizer.point import Point
from optimizer.space import CFG

LONGEST = 50


@dataclass(frozen=True)
class GridAxis:
    name: str
    values: tuple[float, ...]

    def place(self, point: Point, value: float) -> Point:
        """`point` with this axis at `value`."""
        if self.name == CFG:
            return replace(point, cfg=value)
        return replace(point, weights={**point.weights, self.name: value})


def parse_axis(text: str, loras: Sequence[str]) -> GridAxis:
    """Raises InputError for an unknown name, a bad range, weights outside 0 to 2 or CFG outside 1 to 30."""
    name, _, values = text.partition("=")
    known = [*loras, CFG]
    if name not in known:
        raise InputError(f"no axis '{name}'", text, f"use one of: {', '.join(known)}")
    found = _values(values, text)
    low, high = (1.0, 30.0) if name == CFG else (0.0, 2.0)
    if not all(low <= v <= high for v in found):
        raise InputError(f"{name} goes from {low:g} to {high:g}", text, "mend the range")
    return GridAxis(name, found)


def _values(text: str, where: str) -> tuple[float, ...]:
    number = r"\d+(?:\.\d+)?"
    if re.fullmatch(rf"{number}(?:,{number})*", text):
        return tuple(float(v) for v in text.split(","))
    match = re.fullmatch(rf"({number}):({number}):({number})", text)
    if match is None:
        raise InputError("not a range", where, "write start:stop:step as in dress=0.3:0.6:0.1, or values as in cfg=5,6,7")
    start, stop, step = (float(v) for v in match.groups())
    count = int((stop - start) / step + 1e-9) + 1 if step > 0 and stop >= start else 0
    if not 1 <= count <= LONGEST:
        raise InputError(f"a range of 1 to {LONGEST} values is needed", where, "mend start, stop or step")
    return tuple(round(start + i * step, 6) for i in range(count))

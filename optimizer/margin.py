"""Whether a pick holds where all its weights are a little off, as other tools round them and draw with other noise.

Two images: all weights lower, and all higher. A LoRA at weight 0 stays away. What holds at a point but not beside it counts as
not met: the search goes on as if the point had come out so, to the next one that holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from optimizer.point import Point
from optimizer.search import Judged

Side = Literal["lower", "higher"]
Probed: TypeAlias = Mapping[tuple[object, ...], Mapping[Side, Judged]]
"""Images beside points that were tried, by the points' keys."""


@dataclass(frozen=True)
class Margin:
    """`sides` are the images beside a pick, `off` how far; what one of them breaks is why the pick does not hold."""

    off: float
    sides: Mapping[Side, Judged]

    @property
    def holds(self) -> bool:
        return all(judged.feasible for judged in self.sides.values())


def beside(point: Point, off: float) -> dict[Side, Point]:
    """The points to draw. Weights stay at 0 or above."""
    return {side: replace(point, weights=_moved(point, by)) for side, by in (("lower", -off), ("higher", off))}  # type: ignore[misc]


def _moved(point: Point, by: float) -> dict[str, float]:
    return {name: round(max(0.0, w + by), 6) if w > 0 else w for name, w in point.weights.items()}


def with_margins(history: Sequence[Judged], probed: Probed) -> list[Judged]:
    """Each point that was tried is judged by the worst of itself and its sides."""
    return [_worst(judged, probed.get(judged.point.key(), {})) for judged in history]


def _worst(judged: Judged, sides: Mapping[Side, Judged]) -> Judged:
    if not sides:
        return judged
    all_three = [judged, *sides.values()]
    return replace(judged, margins={name: max(j.margins[name] for j in all_three) for name in judged.margins})

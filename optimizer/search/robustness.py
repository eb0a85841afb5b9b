"""Robustness of a pick: it holds at w +- 0.02 too, since other tools round weights and draw with other noise.

Two neighbours: all weights lower, and all weights higher. A LoRA at weight 0 stays away. The lower one is drawn first, since
expression is what breaks most often, before the point's own image (optimizer.search.drawn); where one breaks, the others are not
drawn. A feasible point with an infeasible neighbour counts as infeasible: the search goes on to the next one.

The images that the best point lacks count in the budget and are reserved until its robustness was checked. That waits for the
proof, which may find a better point, while images are left for the proof and for the robustness of each point on the way
down: where the last one does not hold, the one before it was checked already. With fewer left robustness comes first: a pick that
holds, with half a proof, is worth more than the proof of one that may not hold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best
from optimizer.search.proof import proof_of
from optimizer.search.space import Space

Side = Literal["lower", "higher"]
NEIGHBOURS: Final = 2
"""Images that one robustness check takes."""
JudgedNeighbours: TypeAlias = Mapping[tuple[object, ...], Mapping[Side, Judged]]
"""Judged neighbours of the points that were checked, by the points' keys."""


@dataclass(frozen=True)
class Robustness:
    """Whether a point holds at w +- `off` (in units of weight); a violated constraint of a neighbour is why it does not."""

    off: float
    neighbours: Mapping[Side, Judged]

    @property
    def holds(self) -> bool:
        return len(self.neighbours) == NEIGHBOURS and all(judged.feasible for judged in self.neighbours.values())

    @property
    def next_side(self) -> Side | None:
        """What is still to be drawn; None where the images settle whether it holds."""
        return next_side(self.neighbours)


def neighbours(point: Point, off: float) -> dict[Side, Point]:
    """The points at w - `off` and w + `off`. Weights stay at 0 or above."""
    return {"lower": replace(point, weights=_shifted(point, -off)), "higher": replace(point, weights=_shifted(point, off))}


def next_side(drawn: Mapping[Side, Judged]) -> Side | None:
    """The side of a point to draw next: the lower one, then, where that holds, the higher one; None where no more is needed."""
    if "lower" not in drawn:
        return "lower"
    return "higher" if drawn["lower"].feasible and "higher" not in drawn else None


def _shifted(point: Point, by: float) -> dict[str, float]:
    return {name: round(max(0.0, w + by), 6) if w > 0 else w for name, w in point.weights.items()}


def due_before_proof(space: Space, unchecked: Judged, history: Sequence[Judged], *, left: int, found: int) -> bool:
    """Whether the best point, which was not checked, is checked before its proof. `left` images are left, and `found` points that
    the proof found feasible were not checked."""
    steps = sum(lower is None for lower in proof_of(space, unchecked, history).steps.values())
    return NEIGHBOURS <= left < steps + NEIGHBOURS * (2 + found)


def best_robust(history: Sequence[Judged], judged_neighbours: JudgedNeighbours) -> Judged | None:
    """The cheapest point whose neighbours hold; where none was found, the cheapest that is feasible as far as was checked."""
    judged = with_robustness(history, judged_neighbours)
    checked = [j for j in judged if next_side(judged_neighbours.get(j.point.key(), {})) is None]
    return best(checked) or best(with_robustness(history, judged_neighbours))


def with_robustness(history: Sequence[Judged], judged_neighbours: JudgedNeighbours) -> list[Judged]:
    """Each point that was checked gets the worst violations of itself and its neighbours."""
    sides = [judged_neighbours.get(judged.point.key(), {}) for judged in history]
    return [worst_of(judged, [judged, *seen.values()]) if seen else judged for judged, seen in zip(history, sides, strict=True)]


def _order(violation: float) -> float:
    """NaN is not met: no violation is worse."""
    return math.inf if math.isnan(violation) else violation


def worst_of(judged: Judged, images: Sequence[Judged]) -> Judged:
    """`judged` with the worst violations of `images`, at least one."""
    worst = {name: max((image.violations[name] for image in images), key=_order) for name in images[0].violations}
    return replace(judged, violations=worst, images=tuple(images))

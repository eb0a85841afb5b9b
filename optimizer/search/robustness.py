"""Whether a pick holds where all its weights are a little off, as other tools round them and draw with other noise.

Two images: all weights lower, and all higher. A LoRA at weight 0 stays away. What holds at a point but not beside it counts as
not met: the search goes on as if the point had come out so, to the next one that holds.

The two images are of the budget and kept for the best point until it was tried so. That waits for the proof, which may find a
better point, while images are left for the proof and for a margin of each point on the way down: where the last one does not
hold, the one before it has its margin still. With fewer left the margin comes first: a pick that holds, with half a proof, is
worth more than the proof of one that may not hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from optimizer.point import Point
from optimizer.search.judged import Judged, best
from optimizer.search.proof import proof_of
from optimizer.search.space import Space

Side = Literal["lower", "higher"]
SIDES: Final = 2
"""Images that a margin takes."""
Neighbours: TypeAlias = Mapping[tuple[object, ...], Mapping[Side, Judged]]
"""Images beside points that were tried, by the points' keys."""


@dataclass(frozen=True)
class Robustness:
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


def reserved_for_robustness(untried: bool, left: int) -> int:
    """Of the `left` images, those that are not drawn otherwise: none where they are too few. `untried` is whether the best point
    was not tried beside itself."""
    return SIDES if untried and left >= SIDES else 0


def due_before_proof(space: Space, untried: Judged, history: Sequence[Judged], *, left: int, found: int) -> bool:
    """Whether the best point, which was not tried beside itself, is tried so now. `left` images are left, and `found` points that
    the proof found feasible were not tried so."""
    steps = sum(lower is None for lower in proof_of(space, untried, history).steps.values())
    return SIDES <= left < steps + SIDES * (2 + found)


def best_robust(history: Sequence[Judged], neighbours_of_records: Neighbours) -> Judged | None:
    """The cheapest point that holds beside itself; where none was seen to, the cheapest that is feasible as far as was seen."""
    tried = [judged for judged in with_robustness(history, neighbours_of_records) if judged.point.key() in neighbours_of_records]
    return best(tried) or best(with_robustness(history, neighbours_of_records))


def with_robustness(history: Sequence[Judged], neighbours_of_records: Neighbours) -> list[Judged]:
    """Each point that was tried is judged by the worst of itself and its sides."""
    return [_worst(judged, neighbours_of_records.get(judged.point.key(), {})) for judged in history]


def _worst(judged: Judged, sides: Mapping[Side, Judged]) -> Judged:
    if not sides:
        return judged
    all_three = [judged, *sides.values()]
    return replace(judged, violations={name: max(j.violations[name] for j in all_three) for name in judged.violations})

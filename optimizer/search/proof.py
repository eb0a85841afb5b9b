"""The proof of a coordinate minimum: every image one step lower violates a named constraint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.space import Space


def lowered(space: Space, point: Point, name: str, steps: int) -> Point | None:
    """`point` with one weight lower by `steps` of its axis; None below its bound."""
    axis = space.weights[name]
    value = round(point.weights[name] - steps * axis.step, 6)
    if value < axis.low - 1e-9:
        return None
    return replace(point, weights={**point.weights, name: axis.snap(value)})


@dataclass(frozen=True)
class Proof:
    """That no single weight of the pick can be one step lower."""

    steps: Mapping[str, Judged | None]
    """By LoRA, the point one step lower in its weight; None where it was not drawn."""
    at_bound: tuple[str, ...]
    """LoRAs whose weight is at its lower bound already."""

    @property
    def complete(self) -> bool:
        """Whether every step was drawn and violates a constraint."""
        return all(j is not None and not j.feasible for j in self.steps.values())


def proof_of(space: Space, pick: Judged, history: Sequence[Judged]) -> Proof:
    by_key = {j.point.key(): j for j in history}
    steps: dict[str, Judged | None] = {}
    at_bound = []
    for name in pick.point.weights:
        lower = lowered(space, pick.point, name, 1)
        if lower is None:
            at_bound.append(name)
        else:
            steps[name] = by_key.get(lower.key())
    return Proof(steps, tuple(at_bound))

"""Least-weight search at one locked seed, as a pure function: the judged points so far -> the next point to draw.

Three phases after the start. `design`: a few points spread over the space. `search`: a sampler proposes the cheapest point
that it expects to meet every constraint. `proof`: from the best point found, single weights go down until no step is possible;
every image of that proof violates a named constraint, or becomes the new best. The result is a coordinate minimum, not a global
one.

Since it keeps no state, a killed run resumes by handing back its trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from optimizer.point import Point
from optimizer.search.judged_point import Judged, best
from optimizer.search.kriging_believer import with_pending
from optimizer.search.proof import lowered
from optimizer.search.samplers.base import OrderingSampler, Sampler
from optimizer.search.space import Space

Phase = Literal["start", "design", "search", "proof"]
COARSE_STEPS: Final = 3
"""Steps that a weight first goes down by in the proof, before single steps."""


@dataclass(frozen=True)
class Proposal:
    """A point to draw."""

    point: Point
    phase: Phase
    lower_of: Point | None = None
    """The point for which its lower neighbour is drawn, where `point` is that."""


@dataclass(frozen=True)
class SearchSettings:
    """What stays the same over the search of one seed."""

    start: Point
    """The first point drawn."""
    budget: int
    """Images, those of the proof included."""
    reserved: int = 0
    """Images that exploration leaves besides those of the proof."""
    require: Mapping[str, float] = field(default_factory=dict)
    """Calibrated expression that each LoRA must reach, for predictions of samplers that make none."""


def next_proposal(space: Space, history: Sequence[Judged], settings: SearchSettings, sampler: Sampler) -> Proposal | None:
    """The next point to draw, or None when the proof is complete, the budget is used up, or nothing is feasible and no image
    worth drawing."""
    budget = settings.budget
    if len(history) >= budget:
        return None
    drawn = {j.point.key() for j in history}
    for point, phase in _opening(space, settings.start, sampler.design):
        if point.key() not in drawn:
            return Proposal(point, phase)
    found, ended = best(history), False
    reserved = settings.reserved + _reserved_for_proof(space, found, history, sampler, budget - settings.reserved)
    if found is None or len(history) < budget - reserved:
        proposed = sampler.propose(space, history)
        if proposed is not None and proposed.key() not in drawn:
            return Proposal(proposed, "search")
        ended = proposed is None
    if found is None:
        return None
    if isinstance(sampler, OrderingSampler):
        steps = _single_steps_down(space, found, history)
        return Proposal(sampler.order(space, history, steps)[0], "proof") if steps else None
    coarse = not ended and budget - len(history) > 2 * len(space.weights)
    step_down = _next_step_down(space, found, history, coarse)
    return Proposal(step_down, "proof") if step_down is not None else None


def next_proposals(
    space: Space, history: Sequence[Judged], settings: SearchSettings, sampler: Sampler, count: int
) -> list[Proposal]:
    """Up to `count` points to draw at once, none if the search has ended: each follows as if those before it had come out as
    expected (optimizer.search.kriging_believer)."""
    believed, proposals = list(history), list[Proposal]()
    while len(proposals) < count:
        proposal = next_proposal(space, believed, settings, sampler)
        if proposal is None:
            break
        proposals.append(proposal)
        if len(proposals) < count:
            believed = with_pending(space, believed, [proposal.point], sampler, settings.require)
    return proposals


def _reserved_for_proof(space: Space, found: Judged | None, history: Sequence[Judged], sampler: Sampler, budget: int) -> int:
    """A sampler that ends by itself comes to the proof with its last pick: only that one's steps are left."""
    if found is not None and sampler.min_saving is not None:
        return len(_single_steps_down(space, found, history))
    return proof_reserve(space, budget)


def _single_steps_down(space: Space, found: Judged, history: Sequence[Judged]) -> list[Point]:
    """The points one step below `found` in one weight that were not drawn."""
    drawn = {j.point.key() for j in history}
    steps = (lowered(space, found.point, name, 1) for name in found.point.weights)
    return [step for step in steps if step is not None and step.key() not in drawn]


def proof_reserve(space: Space, budget: int) -> int:
    """Images reserved for the proof: three a weight, but no more than half of the budget unless a single step each needs them."""
    single = len(space.weights)
    return min(3 * single, max(single, budget // 2))


def _opening(space: Space, start: Point, design: Sequence[float]) -> list[tuple[Point, Phase]]:
    levels = [space.point({n: a.low + level * (a.high - a.low) for n, a in space.weights.items()}) for level in design]
    return [(start, "start"), *((point, "design") for point in levels)]


def _next_step_down(space: Space, found: Judged, history: Sequence[Judged], coarse: bool) -> Point | None:
    """A point that was not drawn below `found` in one weight: the coarse step first, unless a smaller one failed.

    Without `coarse` only single steps, which alone make the proof: for when few images are left. The weight that went down last
    goes on first: each time it does, the steps of all others must be shown again.
    """
    last = _lowered_last(found, history)
    drawn = {j.point.key() for j in history}
    for steps in (COARSE_STEPS, 1) if coarse else (1,):
        for name in sorted(found.point.weights, key=lambda n: (n != last, -found.point.weights[n])):
            lower = lowered(space, found.point, name, steps)
            if lower is None or lower.key() in drawn:
                continue
            if steps > 1 and _smaller_step_fails(space, found.point, name, steps, drawn):
                continue
            return lower
    return None


def _lowered_last(found: Judged, history: Sequence[Judged]) -> str | None:
    """The one weight in which `found` is below the best before it, if it is only one."""
    before = best([j for j in history if j.point.key() != found.point.key()])
    if before is None:
        return None
    now, then = found.point.weights, before.point.weights
    moved = [n for n in now if now[n] != then[n]]
    return moved[0] if len(moved) == 1 and now[moved[0]] < then[moved[0]] else None


def _smaller_step_fails(space: Space, point: Point, name: str, steps: int, drawn: set[tuple[object, ...]]) -> bool:
    """Whether a smaller step of this weight was drawn; had it been feasible, it would be the best now."""
    smaller = (lowered(space, point, name, k) for k in range(1, steps))
    return any(p is not None and p.key() in drawn for p in smaller)

"""Least-weight search at one locked seed, as a pure function: what has been judged so far -> the next point to draw.

Three phases. `design`: a few points that tell most at once. `search`: an Optuna sampler proposes the cheapest point that it
expects to meet all requirements. `proof`: from the best point found, single weights go down until no step is possible; every
image of that proof breaks a named requirement, or becomes the new best. The result is a coordinate minimum, not a global one.

Since it keeps no state, a killed run resumes by handing back its trials.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from optimizer.point import Point
from optimizer.search.judged import Judged, best
from optimizer.search.proof import lowered
from optimizer.search.samplers.base import Sampler
from optimizer.search.space import Space

Phase = Literal["start", "design", "search", "proof"]
DESIGN_LEVELS = (0.8, 0.6)
COARSE = 3
"""Steps that a weight first goes down by in the proof, before single steps."""


@dataclass(frozen=True)
class Proposal:
    point: Point
    phase: Phase


def next_proposal(
    space: Space,
    history: Sequence[Judged],
    *,
    start: Point,
    budget: int,
    sampler: Sampler,
    design: Sequence[float] = DESIGN_LEVELS,
    ahead: int = 0,
) -> Proposal | None:
    """The next point to draw, or None when the proof is complete, `budget` images are drawn, or nothing is feasible and no image
    worth drawing. `design` are the levels, in shares of all axes, that are drawn after the start before the sampler is asked.
    `ahead` are images that exploring leaves besides those of the proof."""
    if len(history) >= budget:
        return None
    drawn = {j.point.key() for j in history}
    for point, phase in _opening(space, start, design):
        if point.key() not in drawn:
            return Proposal(point, phase)
    found, ended = best(history), False
    if found is None or len(history) < budget - ahead - proof_reserve(space, budget - ahead):
        proposed = sampler.propose(space, history)
        if proposed is not None and proposed.key() not in drawn:
            return Proposal(proposed, "search")
        ended = proposed is None
    if found is None:
        return None
    coarse = not ended and budget - len(history) > 2 * len(space.weights)
    step_down = _next_step_down(space, found, history, coarse)
    return Proposal(step_down, "proof") if step_down is not None else None


def next_proposals(
    space: Space,
    history: Sequence[Judged],
    *,
    start: Point,
    budget: int,
    sampler: Sampler,
    foresee: Callable[[Sequence[Judged], Point], Judged],
    most: int,
    design: Sequence[float] = DESIGN_LEVELS,
    ahead: int = 0,
) -> list[Proposal]:
    """Up to `most` points to draw at once, none if the search has ended: each follows as if those before it had come out as
    `foresee` says (kriging believer, Ginsbourger et al. 2010)."""
    believed, found = list(history), list[Proposal]()
    while len(found) < most:
        proposal = next_proposal(space, believed, start=start, budget=budget, sampler=sampler, design=design, ahead=ahead)
        if proposal is None:
            break
        found.append(proposal)
        if len(found) < most:
            believed.append(foresee(believed, proposal.point))
    return found


def proof_reserve(space: Space, budget: int) -> int:
    """Images kept for the proof: three a weight, but no more than half of the budget unless a single step each needs them."""
    single = len(space.weights)
    return min(3 * single, max(single, budget // 2))


def _opening(space: Space, start: Point, design: Sequence[float]) -> list[tuple[Point, Phase]]:
    levels = [space.point({n: a.low + level * (a.high - a.low) for n, a in space.weights.items()}) for level in design]
    return [(start, "start"), *((point, "design") for point in levels)]


def _next_step_down(space: Space, found: Judged, history: Sequence[Judged], coarse: bool) -> Point | None:
    """An untried point below `found` in one weight: the coarse step first, where nothing says yet that it fails.

    Without `coarse` only single steps, which alone make the proof: for when few images are left. The weight that went down last
    goes on first: each time it does, the steps of all others must be shown again.
    """
    last = _lowered_last(found, history)
    drawn = {j.point.key() for j in history}
    for steps in (COARSE, 1) if coarse else (1,):
        for name in sorted(found.point.weights, key=lambda n: (n != last, -found.point.weights[n])):
            lower = lowered(space, found.point, name, steps)
            if lower is None or lower.key() in drawn:
                continue
            if steps > 1 and _fails_nearer(space, found.point, name, steps, drawn):
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


def _fails_nearer(space: Space, point: Point, name: str, steps: int, drawn: set[tuple[object, ...]]) -> bool:
    """A smaller step of this weight was drawn; had it been feasible, it would be the best now."""
    nearer = (lowered(space, point, name, k) for k in range(1, steps))
    return any(p is not None and p.key() in drawn for p in nearer)

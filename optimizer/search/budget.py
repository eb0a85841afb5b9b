"""One budget for all images of a seed's search: what is drawn next, a trial or the robustness of the pick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from optimizer.search.judged_point import Judged, best
from optimizer.search.robustness import (
    NEIGHBOURS,
    JudgedNeighbours,
    Side,
    due_before_proof,
    images_of,
    next_side,
    reserved_for_robustness,
    with_robustness,
)
from optimizer.search.samplers.base import Sampler
from optimizer.search.space import Space
from optimizer.search.strategy import Phase, Proposal, SearchSettings, next_proposals


@dataclass(frozen=True)
class RobustnessImage:
    """One neighbour of the point that would be the pick."""

    pick: Judged
    side: Side


NextImages: TypeAlias = Sequence[Proposal] | RobustnessImage
"""Trials to draw at once, or one image of robustness; no trials where the search has ended."""


@dataclass(frozen=True)
class Drawn:
    """What a search has drawn: its trials in order, the phase of each, and the neighbours of trials."""

    trials: Sequence[Judged]
    phases: Sequence[Phase]
    neighbours: JudgedNeighbours

    @property
    def images(self) -> int:
        return len(self.trials) + images_of(self.neighbours)


def next_images(
    space: Space, drawn: Drawn, settings: SearchSettings, sampler: Sampler, *, robust: bool, count: int = 1
) -> NextImages:
    """Up to `count` trials, or the next image of the pick's robustness, which is asked for where `robust`.

    `settings.budget` counts all images; `settings.reserved` is not read. Stateless, as `next_proposal` is.
    """
    left = settings.budget - drawn.images
    history = with_robustness(drawn.trials, drawn.neighbours)
    unchecked, side = _unchecked(history, drawn.neighbours) if robust else (None, None)
    begun = unchecked is not None and unchecked.point.key() in drawn.neighbours
    reserved = 1 if begun else reserved_for_robustness(unchecked is not None, left)
    proposals: Sequence[Proposal] = []
    if unchecked is None or not (begun or due_before_proof(space, unchecked, history, left=left, found=_found_by_proof(drawn))):
        own = replace(settings, budget=len(drawn.trials) + left - reserved, reserved=NEIGHBOURS if robust else 0)
        proposals = next_proposals(space, history, own, sampler, count)
        if proposals and proposals[0].phase == "proof" and sampler.min_saving is not None and reserved:
            # A sampler that has ended expects no better pick from the proof: that of one that does not hold would be for nothing.
            proposals = []
    if proposals or unchecked is None or side is None or not 1 <= reserved <= left:
        return proposals
    return RobustnessImage(unchecked, side)


def _unchecked(history: Sequence[Judged], neighbours: JudgedNeighbours) -> tuple[Judged | None, Side | None]:
    """The best point and the side of it to draw next; None where its images settle whether it holds."""
    found = best(history)
    side = None if found is None else next_side(neighbours.get(found.point.key(), {}))
    return (found, side) if side is not None else (None, None)


def _found_by_proof(drawn: Drawn) -> int:
    """How many points that the proof found feasible were not checked."""
    pairs = zip(drawn.phases, drawn.trials, strict=True)
    return sum(phase == "proof" and j.feasible and j.point.key() not in drawn.neighbours for phase, j in pairs)

"""One budget for all images of a seed's search: what is drawn next, a trial or the robustness of the pick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from optimizer.search.drawn import Drawn, Image, first_images, judged_points, missing_images, nearly_met, phase_of
from optimizer.search.judged_point import Judged, best
from optimizer.search.robustness import NEIGHBOURS, Side, due_before_proof
from optimizer.search.samplers.base import Sampler
from optimizer.search.space import Space
from optimizer.search.strategy import Proposal, SearchSettings, next_proposals


@dataclass(frozen=True)
class RobustnessImage:
    """One neighbour of the point that would be the pick."""

    pick: Judged
    side: Side


NextImages: TypeAlias = Sequence[Proposal] | RobustnessImage
"""Trials to draw at once, or one image of robustness; no trials where the search has ended."""


def next_images(
    space: Space, drawn: Drawn, settings: SearchSettings, sampler: Sampler, *, off: float, count: int = 1
) -> NextImages:
    """Up to `count` trials, or a neighbour of the pick: it must hold at all weights `off` lower and higher, 0 asks for none.

    `settings.budget` counts all images; `settings.reserved` is not read. Stateless, as `next_proposal` is.
    """
    left = settings.budget - drawn.images
    points = judged_points(space, drawn, off)
    found = best(points)
    missing = [] if found is None else missing_images(drawn, found.point, off)
    begun = len(missing) == 1
    reserved = len(missing) if left >= len(missing) else 0
    proposals: Sequence[Proposal] = []
    if found is None or not missing or not (begun or _due(space, drawn, found, points, off, left)):
        own = replace(settings, budget=len(points) + left - reserved, reserved=NEIGHBOURS if off else 0)
        proposals = next_proposals(space, points, own, sampler, count)
        if proposals and proposals[0].phase == "proof" and sampler.min_saving is not None and reserved:
            # A sampler that has ended expects no better pick from the proof: that of one that does not hold would be for nothing.
            proposals = []
    if not proposals and found is None and left > 0 and (near := nearly_met(points)) is not None:
        return [Proposal(near.point, phase_of(drawn, near.point, off))]
    if proposals or found is None or not reserved:
        return first_images(drawn, proposals, off)
    return _image(drawn, found, missing[0], off)


def _image(drawn: Drawn, found: Judged, image: Image, off: float) -> NextImages:
    return [Proposal(found.point, phase_of(drawn, found.point, off))] if image == "own" else RobustnessImage(found, image)


def _due(space: Space, drawn: Drawn, found: Judged, points: Sequence[Judged], off: float, left: int) -> bool:
    """Whether the missing images of the best point come before its proof."""
    feasible = [judged.point for judged in points if judged.feasible and missing_images(drawn, judged.point, off)]
    by_proof = sum(phase_of(drawn, point, off) == "proof" for point in feasible)
    return due_before_proof(space, found, points, left=left, found=by_proof)

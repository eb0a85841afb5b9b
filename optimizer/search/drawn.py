"""What a search has drawn, and what that says of each point searched.

Where robustness is required, a point is judged by three images: its own, and those of its neighbours at w - off and w + off. The
lower neighbour is drawn first, since expression is what breaks most often: a point whose lower neighbour does not meet everything
needs no image of its own. Such a trial lies between the points of the grid, and stands for the point above it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal, TypeAlias

from optimizer.point import Point
from optimizer.search.judged_point import Judged, nearest
from optimizer.search.robustness import JudgedNeighbours, Side, neighbours, worst_of
from optimizer.search.space import Space
from optimizer.search.strategy import Phase, Proposal

Image: TypeAlias = Literal["own"] | Side
Key: TypeAlias = tuple[object, ...]
NEAR_MISS: Final = 0.1
"""What the images of a point and of its lower neighbour may well differ by, in units of a constraint."""


@dataclass(frozen=True)
class Drawn:
    """Trials in order, the phase of each, and the neighbours of trials."""

    trials: Sequence[Judged]
    phases: Sequence[Phase]
    neighbours: JudgedNeighbours
    lower_of: Mapping[Key, Point] = field(default_factory=dict)
    """By the key of a trial that was drawn as a lower neighbour, the point that it stands for."""

    @property
    def images(self) -> int:
        """How many images were drawn: one that serves twice counts once."""
        return len(self.by_key)

    @cached_property
    def trials_by_key(self) -> dict[Key, Judged]:
        """The trials, by the keys of the points where they were drawn."""
        return {judged.point.key(): judged for judged in self.trials}

    @cached_property
    def by_key(self) -> dict[Key, Judged]:
        """All images likewise."""
        return self.trials_by_key | {one.point.key(): one for sides in self.neighbours.values() for one in sides.values()}


def places(point: Point, off: float) -> dict[Image, Point]:
    """Where the images of a point are drawn, in their order. Without `off` it has but its own."""
    if not off:
        return {"own": point}
    sides = neighbours(point, off)
    return {"lower": sides["lower"], "own": point, "higher": sides["higher"]}


def judged_points(space: Space, drawn: Drawn, off: float) -> list[Judged]:
    """The points that were searched, in order, each with the worst violations of those of its images that were drawn."""
    images = drawn.by_key
    points = {point.key(): point for point in (_searched(drawn, judged, off) for judged in drawn.trials)}
    return [_judged(space, point, images, off) for point in points.values()]


def neighbours_drawn(drawn: Drawn, off: float) -> JudgedNeighbours:
    """The neighbours that were drawn of each point that was searched and has an image of its own, as trials or beside them."""
    images = drawn.by_key
    found = dict[Key, dict[Side, Judged]]()
    for judged in drawn.trials if off else ():
        point = _searched(drawn, judged, off)
        sides = {side: images[at.key()] for side, at in neighbours(point, off).items() if at.key() in images}
        if sides and point.key() in images:
            found[point.key()] = sides
    return found


def missing_images(drawn: Drawn, point: Point, off: float) -> list[Image]:
    """Those images of a point that were not drawn, in their order. Its own is a trial, even where it serves another point as
    neighbour already."""
    own, images = drawn.trials_by_key, drawn.by_key
    return [image for image, place in places(point, off).items() if place.key() not in (own if image == "own" else images)]


def nearly_met(points: Sequence[Judged]) -> Judged | None:
    """Where nothing meets everything: the point whose lower neighbour is closest, if its own image may be feasible and is not
    drawn. That would be a pick which is not robust."""
    closest = nearest(points) if points else None
    if closest is None or any(image.point.key() == closest.point.key() for image in closest.images or (closest,)):
        return None
    return closest if all(by <= NEAR_MISS for by in closest.violations.values()) else None


def phase_of(drawn: Drawn, point: Point, off: float) -> Phase:
    """The phase in which a point was first drawn. Raises StopIteration for one that was not."""
    pairs = zip(drawn.trials, drawn.phases, strict=True)
    return next(phase for judged, phase in pairs if _searched(drawn, judged, off).key() == point.key())


def first_images(drawn: Drawn, proposals: Sequence[Proposal], off: float) -> list[Proposal]:
    """What is drawn first of points that were not searched: the lower neighbour of those that a search or a proof proposes, the
    image of the start itself. No two draw the same image."""
    taken, found = set(drawn.by_key), dict[Key, Proposal]()
    for proposal in proposals:
        lower = neighbours(proposal.point, off)["lower"]
        if off and proposal.phase in ("search", "proof") and lower.key() not in taken | {proposal.point.key()}:
            proposal = replace(proposal, point=lower, lower_of=proposal.point)
        found.setdefault(proposal.point.key(), proposal)
    return list(found.values())


def _searched(drawn: Drawn, judged: Judged, off: float) -> Point:
    """The point that a trial says something of: its own, unless it stands for another at this `off`."""
    point = drawn.lower_of.get(judged.point.key())
    stands = point is not None and off > 0 and neighbours(point, off)["lower"].key() == judged.point.key()
    return point if stands and point is not None else judged.point


def _judged(space: Space, point: Point, images: Mapping[Key, Judged], off: float) -> Judged:
    at = places(point, off)
    seen = [images[at[image].key()] for image in ("own", "lower", "higher") if image in at and at[image].key() in images]
    if len(seen) == 1 and seen[0].point.key() == point.key():
        return seen[0]
    return worst_of(Judged(point, space.cost(point), {}), seen)

"""The Sampler protocol: proposes the next point of the search phase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from optimizer.point import Point
from optimizer.search.judged import Judged
from optimizer.search.space import Space


class Sampler(Protocol):
    """Called in the search phase only. Must be deterministic for equal arguments."""

    def propose(self, space: Space, history: Sequence[Judged]) -> Point | None:
        """None if no further image is worth drawing: what is left then is the proof."""
        ...

"""A sampler that costs nothing, for tests of everything around samplers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from optimizer.point import Point
from optimizer.search.judged_point import Judged
from optimizer.search.samplers.base import SamplerSettings
from optimizer.search.space import Space


@dataclass(frozen=True)
class DiagonalSampler:
    """Walks up the diagonal of the space, a tenth of each weight's axis a proposal, and stays at its top."""

    design: tuple[float, ...] = (0.8, 0.6)
    min_saving: ClassVar[float | None] = None

    def propose(self, space: Space, history: Sequence[Judged]) -> Point:
        level = min(1.0, 0.1 * len(history))
        return space.point({name: axis.low + level * (axis.high - axis.low) for name, axis in space.weights.items()})


def make_diagonal(settings: SamplerSettings) -> DiagonalSampler:
    """As a factory of the registry."""
    return DiagonalSampler()

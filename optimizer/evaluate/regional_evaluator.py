"""The evaluator of a study whose LoRAs act in regions of the image: another evaluator, whose jobs are told the regions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from optimizer.evaluate.base import Evaluator
from optimizer.evaluate.completing_evaluator import CompletingEvaluator
from optimizer.point import Job, Point
from optimizer.regions.regions import Regions


class SeedRegions(Protocol):
    """Where LoRAs act at each seed."""

    @property
    def loras(self) -> frozenset[str]:
        """Those that act in a region only."""
        ...

    @property
    def worded(self) -> bool:
        """Whether places read words of their own: then every image is drawn in them, whichever LoRAs are on."""
        ...

    def described(self) -> Mapping[str, str]:
        """By LoRA, what its region follows from at every seed, in words that change where the regions may."""
        ...

    def find(self, seed: int) -> Regions | None:
        """What is known of this seed without drawing anything; None where nothing is."""
        ...

    def of(self, seed: int) -> Regions:
        """May draw what the regions are read from. Raises InputError where a region cannot be found in it."""
        ...

    def where(self, regions: Regions, on: Collection[str]) -> Regions | None:
        """What of a seed's regions decides an image on which these LoRAs are on; None where nothing does."""
        ...


@dataclass(frozen=True)
class RegionalEvaluator(CompletingEvaluator):
    """An image on which no LoRA with a region acts is the one that `everywhere` draws, and is shared with it."""

    everywhere: Evaluator
    """Draws; given jobs without regions, LoRAs act everywhere."""
    regions: SeedRegions
    fixed: frozenset[str] = frozenset()
    """LoRAs that act in every image, whatever its point says."""

    @property
    def inner(self) -> Evaluator:
        return self.everywhere

    def identity(self) -> Mapping[str, Any]:
        return {**self.everywhere.identity(), "regions": dict(self.regions.described())}

    def completed(self, job: Job) -> Job:
        on = self._acting(job.point)
        return replace(job, regions=self.regions.where(self.regions.of(job.seed), on)) if on or self.regions.worded else job

    def known(self, job: Job) -> Job | None:
        on = self._acting(job.point)
        if not on and not self.regions.worded:
            return job
        found = self.regions.find(job.seed)
        return None if found is None else replace(job, regions=self.regions.where(found, on))

    def _acting(self, point: Point) -> frozenset[str]:
        """The LoRAs with a region that act at this point."""
        on = {name for name, weight in point.weights.items() if weight}
        return self.regions.loras & (self.fixed | on)

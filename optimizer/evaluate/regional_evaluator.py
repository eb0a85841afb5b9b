"""The evaluator of a study whose LoRAs act in regions of the image: another evaluator, whose jobs are told the regions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

from optimizer.evaluate.base import Evaluation, Evaluator
from optimizer.point import Job, Point
from optimizer.regions.regions import Regions

UNKNOWN: Final = "unknown"


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
class RegionalEvaluator:
    """An Evaluator. An image on which no LoRA with a region acts is the one that `everywhere` draws, and is shared with it."""

    everywhere: Evaluator
    """Draws; given jobs without regions, LoRAs act everywhere."""
    regions: SeedRegions
    fixed: frozenset[str] = frozenset()
    """LoRAs that act in every image, whatever its point says."""

    def identity(self) -> Mapping[str, Any]:
        return {**self.everywhere.identity(), "regions": dict(self.regions.described())}

    def place(self, job: Job) -> Path:
        return self.everywhere.place(self._known(job) or replace(job, point=_unknown(job.point)))

    def find_image(self, job: Job, *, alone: bool) -> Path | None:
        known = self._known(job)
        return None if known is None else self.everywhere.find_image(known, alone=alone)

    def restore(self, job: Job, copy: Path) -> None:
        known = self._known(job)
        if known is not None:
            self.everywhere.restore(known, copy)

    def load(self, job: Job, *, alone: bool) -> Evaluation | None:
        known = self._known(job)
        return None if known is None else self.everywhere.load(known, alone=alone)

    def evaluate(self, seed: int, point: Point) -> Evaluation:
        ((_, found),) = self.evaluate_each({0: Job(seed, point)})
        return found

    def evaluate_all(self, jobs: Sequence[Job]) -> Iterator[Evaluation]:
        yield from self.everywhere.evaluate_all([self._placed(job) for job in jobs])

    def evaluate_each(self, jobs: Mapping[int, Job]) -> Iterator[tuple[int, Evaluation]]:
        yield from self.everywhere.evaluate_each({key: self._placed(job) for key, job in jobs.items()})

    def width(self) -> int:
        return self.everywhere.width()

    def _placed(self, job: Job) -> Job:
        """With its regions, which may be drawn for it."""
        on = self._acting(job.point)
        return replace(job, regions=self.regions.where(self.regions.of(job.seed), on)) if on or self.regions.worded else job

    def _known(self, job: Job) -> Job | None:
        """The same without drawing; None where its regions are not known: nothing can be stored of it then."""
        on = self._acting(job.point)
        if not on and not self.regions.worded:
            return job
        found = self.regions.find(job.seed)
        return None if found is None else replace(job, regions=self.regions.where(found, on))

    def _acting(self, point: Point) -> frozenset[str]:
        """The LoRAs with a region that act at this point."""
        on = {name for name, weight in point.weights.items() if weight}
        return self.regions.loras & (self.fixed | on)


def _unknown(point: Point) -> Point:
    """Names a file that is never there."""
    return replace(point, prompt=f"{point.prompt} {UNKNOWN} regions")

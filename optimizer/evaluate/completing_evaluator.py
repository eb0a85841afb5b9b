"""An evaluator over another one, whose jobs lack what a seed tells: regions, or what ControlNets are told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from optimizer.evaluate.base import Evaluation, Evaluator
from optimizer.point import Job, Point

UNKNOWN: Final = "unknown"


class CompletingEvaluator(ABC):
    """An Evaluator; those that complete jobs say how."""

    @property
    @abstractmethod
    def inner(self) -> Evaluator:
        """Draws what is complete."""

    @abstractmethod
    def completed(self, job: Job) -> Job:
        """With what it lacks, which may be drawn for it."""

    @abstractmethod
    def known(self, job: Job) -> Job | None:
        """The same without drawing; None where what it lacks is not known: nothing can be stored of it then."""

    def place(self, job: Job) -> Path:
        return self.inner.place(self.known(job) or replace(job, point=_unknown(job.point)))

    def find_image(self, job: Job, *, alone: bool) -> Path | None:
        known = self.known(job)
        return None if known is None else self.inner.find_image(known, alone=alone)

    def restore(self, job: Job, copy: Path) -> None:
        known = self.known(job)
        if known is not None:
            self.inner.restore(known, copy)

    def load(self, job: Job, *, alone: bool) -> Evaluation | None:
        known = self.known(job)
        return None if known is None else self.inner.load(known, alone=alone)

    def evaluate(self, seed: int, point: Point) -> Evaluation:
        ((_, found),) = self.evaluate_each({0: Job(seed, point)})
        return found

    def evaluate_all(self, jobs: Sequence[Job]) -> Iterator[Evaluation]:
        yield from self.inner.evaluate_all([self.completed(job) for job in jobs])

    def evaluate_each(self, jobs: Mapping[int, Job]) -> Iterator[tuple[int, Evaluation]]:
        yield from self.inner.evaluate_each({key: self.completed(job) for key, job in jobs.items()})

    def width(self) -> int:
        return self.inner.width()


def _unknown(point: Point) -> Point:
    """Names a file that is never there."""
    return replace(point, prompt=f"{point.prompt} {UNKNOWN}")

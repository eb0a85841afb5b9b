"""The evaluator whose images are drawn and observed by a pool of Ray workers; this process alone stores them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimizer.evaluate.base import Evaluation
from optimizer.evaluate.evaluation_cache import EvaluationCache
from optimizer.point import Job, Point
from scorers.observe.observation import Observation

if TYPE_CHECKING:
    from optimizer.evaluate.ray_pool import Answer, Pool


@dataclass
class RayEvaluator:
    """An Evaluator over the workers of `pool`; `cache` is keyed by the identity on which they agree."""

    pool: Pool
    cache: EvaluationCache

    def identity(self) -> Mapping[str, Any]:
        return self.cache.images.identity

    def place(self, job: Job) -> Path:
        return self.cache.images.path(job)

    def find_image(self, job: Job, *, alone: bool) -> Path | None:
        return self.cache.images.find(job, alone=alone)

    def restore(self, job: Job, copy: Path) -> None:
        self.cache.restore(job, copy)

    def load(self, job: Job, *, alone: bool) -> Evaluation | None:
        """An image whose observation is missing counts as not stored: only workers observe, and they observe what they draw."""
        return self.cache.find(job, alone=alone)

    def width(self) -> int:
        return len(self.pool)

    def evaluate(self, seed: int, point: Point) -> Evaluation:
        (_, found), *_ = self.evaluate_each({0: Job(seed, point)})
        return found

    def evaluate_each(self, jobs: Mapping[int, Job]) -> Iterator[tuple[int, Evaluation]]:
        stored = {key: self.cache.find(job, alone=True) for key, job in jobs.items()}
        yield from ((key, found) for key, found in stored.items() if found is not None)
        missing = {key: [job] for key, job in jobs.items() if stored[key] is None}
        for key, answer in self.pool.draw(missing):
            yield key, self._store(missing[key], answer)[0]

    def evaluate_all(self, jobs: Sequence[Job]) -> Iterator[Evaluation]:
        found = {index: stored for index, job in enumerate(jobs) if (stored := self.cache.find(job, alone=False)) is not None}
        missing = [index for index in range(len(jobs)) if index not in found]
        size = self.pool.hello.batch
        parts = {at: missing[at : at + size] for at in range(0, len(missing), size)}
        answers = self.pool.draw({key: [jobs[index] for index in part] for key, part in parts.items()})
        for index in range(len(jobs)):
            while index not in found:
                key, answer = next(answers)
                evaluations = self._store([jobs[i] for i in parts[key]], answer)
                found |= dict(zip(parts[key], evaluations, strict=True))
            yield found.pop(index)

    def _store(self, jobs: Sequence[Job], answer: Answer) -> list[Evaluation]:
        """Stores an answer as soon as it arrives, so that a killed run has it."""
        evaluations = []
        for job, (png, observation) in zip(jobs, answer, strict=True):
            place = self.cache.images.path(job, together=len(jobs) > 1)
            self.cache.images.store(place, png)
            evaluations.append(self.cache.store(job, place, Observation.from_json(observation)))
        return evaluations

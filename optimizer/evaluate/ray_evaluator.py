"""The evaluator of a study whose images are drawn by a pool of workers; this process alone stores them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimizer.evaluate.base import Evaluation
from optimizer.evaluate.evaluator import LocalEvaluator
from optimizer.evaluate.image_cache import CachedRenderer
from optimizer.point import Job, Point
from scorers.observe.observation import Box, Kind, Observation
from scorers.observe.references import References

if TYPE_CHECKING:
    from PIL.Image import Image

    from optimizer.evaluate.ray_pool import Answer, Pool
    from optimizer.render.decode import NotDrawn


@dataclass(frozen=True)
class FarRenderer:
    """What a study asks of its renderer where the workers draw: everything but images."""

    pool: Pool

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        raise RuntimeError("images are drawn by the workers")

    def identity(self) -> Mapping[str, Any]:
        return self.pool.hello.identity

    def batch(self) -> int:
        return self.pool.hello.batch

    def seconds_per_image(self) -> float:
        """On average, with all workers drawing."""
        return self.pool.hello.seconds / len(self.pool)


class NoObserver:
    def observe(self, images: Sequence[Image]) -> list[Observation]:
        raise RuntimeError("the workers look at what they drew")

    def references_of(self, images: Sequence[Image], kind: Kind, boxes: Sequence[Box] | None = None) -> References:
        raise RuntimeError("the study's own observer looks at reference photos")


class RayEvaluator:
    """As `LocalEvaluator`, by the images of `pool`. `folder` and `limit` are those of its cache."""

    def __init__(self, pool: Pool, folder: Path, limit: int, observer_id: str) -> None:
        self._pool = pool
        self.renderer = CachedRenderer(FarRenderer(pool), folder, limit)
        self._kept = LocalEvaluator(self.renderer, NoObserver(), observer_id)
        self.identity, self.place, self.restore = self._kept.identity, self._kept.place, self._kept.restore

    def width(self) -> int:
        return len(self._pool)

    def evaluate(self, seed: int, point: Point) -> Evaluation:
        (_, found), *_ = self.evaluate_each({0: Job(seed, point)})
        return found

    def evaluate_each(self, jobs: Mapping[int, Job]) -> Iterator[tuple[int, Evaluation]]:
        held = {key: self._kept.find(job, alone=True) for key, job in jobs.items()}
        yield from ((key, found) for key, found in held.items() if found is not None)
        missing = {key: [job] for key, job in jobs.items() if held[key] is None}
        for key, answer in self._pool.draw(missing):
            yield key, self._store(missing[key], answer)[0]

    def evaluate_all(self, jobs: Sequence[Job]) -> Iterator[Evaluation]:
        found = {index: held for index, job in enumerate(jobs) if (held := self._kept.find(job, alone=False)) is not None}
        missing = [index for index in range(len(jobs)) if index not in found]
        size = self._pool.hello.batch
        parts = {at: missing[at : at + size] for at in range(0, len(missing), size)}
        answers = self._pool.draw({key: [jobs[index] for index in part] for key, part in parts.items()})
        for index in range(len(jobs)):
            while index not in found:
                key, answer = next(answers)
                stored = self._store([jobs[i] for i in parts[key]], answer)
                found |= dict(zip(parts[key], stored, strict=True))
            yield found.pop(index)

    def _store(self, jobs: Sequence[Job], answer: Answer) -> list[Evaluation]:
        """As soon as it is there, so that a killed run has it."""
        stored = []
        for job, (data, observation) in zip(jobs, answer, strict=True):
            place = self.renderer.path(job, together=len(jobs) > 1)
            self.renderer.store(place, data)
            stored.append(self._kept.keep(job, place, Observation.from_json(observation)))
        return stored

"""The evaluator that draws and observes in this process.

Judging comes later and elsewhere, so that changed requirements judge stored observations and draw nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimizer.evaluate.base import Evaluation
from optimizer.evaluate.evaluation_cache import EvaluationCache
from optimizer.evaluate.image_cache import as_png
from optimizer.evaluate.observe import observe
from optimizer.point import Job, Point
from optimizer.render.base import Renderer
from optimizer.render.decode import NotDrawn
from scorers.observe.base import Observer

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass
class LocalEvaluator:
    """An Evaluator over any renderer and observer; `cache` is keyed by that renderer's identity."""

    renderer: Renderer
    cache: EvaluationCache
    observer: Observer

    def identity(self) -> Mapping[str, Any]:
        return self.cache.images.identity

    def place(self, job: Job) -> Path:
        return self.cache.images.path(job)

    def find_image(self, job: Job, *, alone: bool) -> Path | None:
        return self.cache.images.find(job, alone=alone)

    def restore(self, job: Job, copy: Path) -> None:
        self.cache.restore(job, copy)

    def load(self, job: Job, *, alone: bool) -> Evaluation | None:
        found = self.cache.find(job, alone=alone)
        stored = self.cache.images.load(job, alone=alone) if found is None else None
        if stored is None:
            return found
        place, image = stored
        return self.cache.store(job, place, observe(self.observer, [image])[0])

    def evaluate(self, seed: int, point: Point) -> Evaluation:
        return self._evaluate([Job(seed, point)], alone=True)[0]

    def evaluate_all(self, jobs: Sequence[Job]) -> Iterator[Evaluation]:
        stored = [found for job in jobs if (found := self.cache.find(job, alone=False)) is not None]
        if len(stored) == len(jobs):
            # Asking the renderer for its batch size may open it.
            yield from stored
            return
        size = self.renderer.batch()
        for start in range(0, len(jobs), size):
            yield from self._evaluate(jobs[start : start + size], alone=False)

    def evaluate_each(self, jobs: Mapping[int, Job]) -> Iterator[tuple[int, Evaluation]]:
        for key, job in jobs.items():
            yield key, self._evaluate([job], alone=True)[0]

    def width(self) -> int:
        return 1

    def _evaluate(self, jobs: Sequence[Job], *, alone: bool) -> list[Evaluation]:
        found = {index: stored for index, job in enumerate(jobs) if (stored := self.cache.find(job, alone=alone)) is not None}
        missing = [index for index in range(len(jobs)) if index not in found]
        drawn = self._images([jobs[index] for index in missing], alone=alone)
        observations = observe(self.observer, [image for _, image in drawn])
        for index, (place, _), observation in zip(missing, drawn, observations, strict=True):
            found[index] = self.cache.store(jobs[index], place, observation)
        return [found[index] for index in range(len(jobs))]

    def _images(self, jobs: Sequence[Job], *, alone: bool) -> list[tuple[Path, Image | NotDrawn]]:
        """The image of each job and its file: from the cache, or drawn now, one by one if `alone`, else in one batch."""
        images = self.cache.images
        found = {index: stored for index, job in enumerate(jobs) if (stored := images.load(job, alone=alone)) is not None}
        missing = [index for index in range(len(jobs)) if index not in found]
        for part in [[index] for index in missing] if alone else [missing] if missing else []:
            for index, image in zip(part, self.renderer.render([jobs[index] for index in part]), strict=True):
                place = images.path(jobs[index], together=len(part) > 1)
                images.store(place, as_png(image))
                found[index] = place, image
        return [found[index] for index in range(len(jobs))]

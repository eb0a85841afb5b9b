"""A job -> image and raw observation. Judging comes later and elsewhere, so that it can be done again for nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.io.files import write_whole
from optimizer.evaluate.base import Evaluation
from optimizer.evaluate.image_cache import CachedRenderer
from optimizer.point import Job, Point
from optimizer.render.decode import NotDrawn
from scorers.observe.base import Observer
from scorers.observe.observation import Observation


@dataclass
class LocalEvaluator:
    """`observer_id` names the scorers' models: observations of other models are not mixed with theirs."""

    renderer: CachedRenderer
    observer: Observer
    observer_id: str

    def identity(self) -> Mapping[str, Any]:
        """All that decides an image besides its job, as JSON values."""
        return self.renderer.renderer.identity()

    def place(self, job: Job) -> Path:
        """Where its image lies, or would lie, drawn alone."""
        return self.renderer.path(job)

    def restore(self, seed: int, point: Point, copy: Path) -> None:
        """Puts back an image that was drawn alone and has left the cache, from a copy that is kept elsewhere."""
        place = self.place(Job(seed, point))
        if not place.exists() and copy.exists():
            write_whole(place, copy.read_bytes())

    def evaluate(self, seed: int, point: Point) -> Evaluation:
        """Draws, alone, and looks, unless both were done before."""
        return self._evaluate([Job(seed, point)], alone=True)[0]

    def evaluate_all(self, jobs: Sequence[Job]) -> Iterator[Evaluation]:
        """The same of many jobs, in their order, drawn together as many at a time as is best."""
        # What is all stored is answered without asking the renderer, which may have to be opened for it.
        size = max(1, len(jobs)) if self._all_stored(jobs) else self.renderer.renderer.batch()
        for start in range(0, len(jobs), size):
            yield from self._evaluate(jobs[start : start + size], alone=False)

    def evaluate_each(self, jobs: Mapping[int, Job]) -> Iterator[tuple[int, Evaluation]]:
        for key, job in jobs.items():
            yield key, self.evaluate(job.seed, job.point)

    def width(self) -> int:
        return 1

    def find(self, job: Job, *, alone: bool) -> Evaluation | None:
        """What was drawn and looked at before."""
        place = self.renderer.find(job, alone=alone)
        if place is None or not self._stored(place).exists():
            return None
        held = Observation.from_json(json.loads(self._stored(place).read_text(encoding="utf-8")))
        return Evaluation(job.seed, job.point, place, held)

    def keep(self, job: Job, place: Path, observation: Observation) -> Evaluation:
        """Stores what was seen in the image at `place`."""
        write_whole(self._stored(place), json.dumps(observation.to_json()).encode())
        return Evaluation(job.seed, job.point, place, observation)

    def _all_stored(self, jobs: Sequence[Job]) -> bool:
        places = (self.renderer.find(job, alone=False) for job in jobs)
        return all(place is not None and self._stored(place).exists() for place in places)

    def _evaluate(self, jobs: Sequence[Job], *, alone: bool) -> list[Evaluation]:
        found = {index: held for index, job in enumerate(jobs) if (held := self.find(job, alone=alone)) is not None}
        missing = [index for index in range(len(jobs)) if index not in found]
        drawn = self.renderer.render([jobs[index] for index in missing], alone=alone)
        looked = look(self.observer, [image for _, image in drawn])
        for index, (place, _), observation in zip(missing, drawn, looked, strict=True):
            found[index] = self.keep(jobs[index], place, observation)
        return [found[index] for index in range(len(jobs))]

    def _stored(self, place: Path) -> Path:
        return place.with_suffix(f".{self.observer_id[:12]}.json")


def look(observer: Observer, images: Sequence[object]) -> list[Observation]:
    """One observation an image; what was not drawn is seen as nothing, with the reason."""
    from PIL.Image import Image

    seen = [image for image in images if isinstance(image, Image)]
    found = iter(observer.observe(seen) if seen else [])
    return [Observation(size=(0, 0), failed=image.reason) if isinstance(image, NotDrawn) else next(found) for image in images]

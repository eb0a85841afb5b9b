"""The evaluator whose images several servers draw at the same time; this process observes and stores them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optimizer.evaluate.base import Evaluation
from optimizer.evaluate.image_cache import as_png
from optimizer.evaluate.local_evaluator import LocalEvaluator
from optimizer.evaluate.observe import observe
from optimizer.evaluate.servers import Servers
from optimizer.point import Job, Point


@dataclass
class ServersEvaluator:
    """An Evaluator. `stored` answers what is in the cache; `open` gives the servers, and is called where that is not enough."""

    stored: LocalEvaluator
    open: Callable[[], Servers]
    count: int
    """Of servers."""

    def identity(self) -> Mapping[str, Any]:
        return self.stored.identity()

    def place(self, job: Job) -> Path:
        return self.stored.place(job)

    def find_image(self, job: Job, *, alone: bool) -> Path | None:
        return self.stored.find_image(job, alone=alone)

    def restore(self, job: Job, copy: Path) -> None:
        self.stored.restore(job, copy)

    def load(self, job: Job, *, alone: bool) -> Evaluation | None:
        return self.stored.load(job, alone=alone)

    def width(self) -> int:
        return self.count

    def evaluate(self, seed: int, point: Point) -> Evaluation:
        (_, found), *_ = self.evaluate_each({0: Job(seed, point)})
        return found

    def evaluate_all(self, jobs: Sequence[Job]) -> Iterator[Evaluation]:
        found: dict[int, Evaluation] = {}
        each = self.evaluate_each(dict(enumerate(jobs)))
        for index in range(len(jobs)):
            while index not in found:
                key, evaluation = next(each)
                found[key] = evaluation
            yield found.pop(index)

    def evaluate_each(self, jobs: Mapping[int, Job]) -> Iterator[tuple[int, Evaluation]]:
        missing: dict[Path, list[int]] = {}
        for key, job in jobs.items():
            if (stored := self.stored.load(job, alone=True)) is not None:
                yield key, stored
            else:
                missing.setdefault(self.place(job), []).append(key)
        if not missing:
            return
        # Equal jobs are drawn once.
        firsts = {keys[0]: keys for keys in missing.values()}
        for first, image in self.open().draw({key: jobs[key] for key in firsts}):
            job = jobs[first]
            self.stored.cache.images.store(self.place(job), as_png(image))
            (observation,) = observe(self.stored.observer, [image])
            found = self.stored.cache.store(job, self.place(job), observation)
            for key in firsts[first]:
                yield key, Evaluation(jobs[key].seed, jobs[key].point, found.image, observation)

"""What a study remembers of its server, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optimizer.point import Job
from optimizer.render.decode import NotDrawn

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass
class FakeDrawnMemory:
    images: dict[str, Image | NotDrawn] = field(default_factory=dict)
    first: Image | NotDrawn | None = None
    acts: dict[str, float] = field(default_factory=dict)

    def find(self, job: Job) -> Image | NotDrawn | None:
        return self.images.get(_name(job))

    def keep(self, job: Job, image: Image | NotDrawn) -> None:
        self.images[_name(job)] = image

    def forget(self, jobs: Sequence[Job]) -> Sequence[str]:
        for job in jobs:
            self.images.pop(_name(job), None)
        return [_name(job) for job in jobs]

    def canary(self) -> Image | NotDrawn | None:
        return self.first

    def keep_canary(self, image: Image | NotDrawn) -> None:
        self.first = image

    def acting(self) -> Mapping[str, float]:
        return self.acts

    def keep_acting(self, found: Mapping[str, float]) -> None:
        self.acts = dict(found)


def _name(job: Job) -> str:
    return f"{job.seed} {job.point.key()}"

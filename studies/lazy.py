"""A renderer and an observer that are opened only when there is something to draw or to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.errors import InputError
from optimizer.point import Job
from optimizer.render.base import Renderer
from optimizer.render.decode import NotDrawn
from scorers.observe.base import Observer
from scorers.observe.observation import Box, Kind, Observation
from scorers.observe.references import References

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class LazyRenderer:
    """Known by `known`, the identity that an earlier run stored. Raises InputError if what opens is another renderer."""

    known: Mapping[str, Any]
    open: Callable[[], Renderer]

    def identity(self) -> Mapping[str, Any]:
        return self.known

    def batch(self) -> int:
        return self._opened().batch()

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        return self._opened().render(jobs)

    def _opened(self) -> Renderer:
        renderer = self.open()
        now = renderer.identity()
        if now != self.known:
            changed = ", ".join(sorted(key for key in {*now, *self.known} if now.get(key) != self.known.get(key)))
            what = f"this machine would now draw otherwise than the stored images were drawn ({changed})"
            raise InputError(what, "workspace", "run `huanhua run STUDY`, which draws them anew or says how to go on")
        return renderer


@dataclass(frozen=True)
class LazyObserver:
    open: Callable[[], Observer]

    def observe(self, images: Sequence[Image]) -> list[Observation]:
        return self.open().observe(images)

    def references_of(self, images: Sequence[Image], kind: Kind, boxes: Sequence[Box] | None = None) -> References:
        return self.open().references_of(images, kind, boxes)

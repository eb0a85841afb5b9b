"""A renderer, an inpainter and an observer that are opened only when there is something to draw or to observe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.boxes import ShareBox
from models.lora_kinds import ScoredKind
from optimizer.point import Job
from optimizer.render.base import Renderer
from optimizer.render.decode import NotDrawn
from optimizer.render.inpainting.base import Redrawing, as_inpainter
from scorers.observe.base import Observer
from scorers.observe.observation import Observation
from scorers.observe.references import References

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class LazyRenderer:
    """A renderer whose identity is stored. `open` is called before each use, and raises InputError if it is another one now."""

    stored_identity: Mapping[str, Any]
    open: Callable[[], Renderer]

    def identity(self) -> Mapping[str, Any]:
        return self.stored_identity

    def batch(self) -> int:
        return self.open().batch()

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        return self.open().render(jobs)

    def seconds_per_image(self) -> float:
        return self.open().seconds_per_image()


@dataclass(frozen=True)
class LazyInpainter:
    """`open` is called before each use; what it gives need not be able to redraw, which is then refused."""

    open: Callable[[], Renderer]

    def inpaint(self, redrawings: Sequence[Redrawing]) -> list[Image | NotDrawn]:
        return as_inpainter(self.open()).inpaint(redrawings)


@dataclass(frozen=True)
class LazyObserver:
    """`open` is called before each use."""

    open: Callable[[], Observer]

    def observe(self, images: Sequence[Image]) -> list[Observation]:
        return self.open().observe(images)

    def references_of(self, images: Sequence[Image], kind: ScoredKind, boxes: Sequence[ShareBox] | None = None) -> References:
        return self.open().references_of(images, kind, boxes)

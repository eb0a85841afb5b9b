"""What a study remembers of the server that draws for it: the seam to wherever that is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from optimizer.point import Job
from optimizer.render.decode import NotDrawn

if TYPE_CHECKING:
    from PIL.Image import Image


class DrawnMemory(Protocol):
    """All of it belongs to one identity of the renderer: of another one nothing is remembered. Called by one thread at a time."""

    def find(self, job: Job) -> Image | NotDrawn | None:
        """The image that was drawn of a job; None if there is none."""
        ...

    def keep(self, job: Job, image: Image | NotDrawn) -> None:
        """Stores it where `find` and the study's evaluator find it: it is not drawn again."""
        ...

    def forget(self, jobs: Sequence[Job]) -> Sequence[str]:
        """Removes the images of jobs that cannot be trusted; returns their names."""
        ...

    def canary(self) -> Image | NotDrawn | None:
        """The start image as it was first drawn; None before that. It stays when the images of `find` are evicted."""
        ...

    def keep_canary(self, image: Image | NotDrawn) -> None: ...

    def acting(self) -> Mapping[str, float]:
        """How much each LoRA that was proven to act changes the start image: levels of 255 in the block that it changes most."""
        ...

    def keep_acting(self, found: Mapping[str, float]) -> None: ...

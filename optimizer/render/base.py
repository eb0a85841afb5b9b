"""The Renderer protocol and the settings that all images of a study share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from models.errors import InputError
from optimizer.point import Job
from optimizer.render.decode import NotDrawn
from optimizer.render.noise import Rng
from optimizer.render.schedulers import sampler_named

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Frame:
    """What all renders of a study share, unless a point says otherwise. Size in pixels; `clip_skip` counts as A1111 does;
    `ensd` is A1111's "eta noise seed delta"."""

    prompt: str
    negative_prompt: str
    width: int
    height: int
    steps: int
    sampler: str
    clip_skip: int = 1
    rng: Rng = "cpu"
    ensd: int = 0

    def check(self, factor: int) -> None:
        """Raises InputError if the sampler is unknown or the size does not fit the latent grid."""
        sampler_named(self.sampler)
        if self.width % factor or self.height % factor:
            raise InputError(f"size {self.width}x{self.height} is not divisible by {factor}", "render", "round it")


class Renderer(Protocol):
    """Called by the evaluator for every image that no cache holds; must draw equal images for equal arguments."""

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        """One RGB image of `frame` size for each job, drawn together. One drawn alone differs from it by rounding only."""
        ...

    def identity(self) -> Mapping[str, Any]:
        """All that decides an image besides its job, as JSON values: the cache key's other half."""
        ...

    def batch(self) -> int:
        """How many jobs are best drawn together."""
        ...

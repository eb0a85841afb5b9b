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
    """Draws jobs. An evaluator calls it for the images that its cache lacks; implementations need no cache of their own.

    Equal jobs give equal images, in this process or another with the same `identity`. An image that cannot be drawn (black, NaN)
    is a NotDrawn with the reason; a request that cannot be served at all (out of memory for one image, a server that is away)
    raises InputError. `optimizer.testing.renderer_conformance` checks an implementation.
    """

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        """One RGB image a job, in order, drawn together; one drawn alone differs by rounding only."""
        ...

    def identity(self) -> Mapping[str, Any]:
        """Everything that decides an image besides its job, as JSON values: the cache key's other half.

        Constant over the renderer's life. Other values mean other images: a study refuses to mix them."""
        ...

    def batch(self) -> int:
        """How many jobs to pass to `render` at once, at least 1. Asked before drawing many."""
        ...

    def seconds_per_image(self) -> float:
        """An estimate for one image, asked once before a run to announce how long it takes; may measure."""
        ...

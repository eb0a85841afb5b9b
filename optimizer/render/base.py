"""The Renderer protocol and the settings that all images of a study share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from models.base.prompt.reading import Reading
from models.base.prompt.schedules import refuse_unread
from models.errors import InputError
from models.language.translate import phrase
from models.program import Program
from optimizer.point import Job
from optimizer.render.decode import NotDrawn
from optimizer.render.noise import Rng
from optimizer.render.sampling.comfyui_sampling import check_comfyui
from optimizer.render.sampling.samplers import sampler_named

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class RenderSettings:
    """What all images of a study share, but for what a point sets itself. Persisted in cache keys under "frame"."""

    prompt: str
    """With A1111's emphasis and BREAK."""
    negative_prompt: str
    width: int
    """Of the image, in pixels."""
    height: int
    """Of the image, in pixels."""
    steps: int
    """Of the sampler, as A1111 counts them."""
    sampler: str
    """A name of `optimizer.render.sampling.samplers`."""
    clip_skip: int = 1
    """As A1111 counts: 1 is the text encoder's last layer."""
    rng: Rng = "cpu"
    """Where noise is drawn: A1111's "Random number generator source"."""
    ensd: int = 0
    """A1111's "eta noise seed delta"."""
    like: Program = "a1111"
    """Whose noise, noise levels and reading of prompts are followed."""
    pad_conds: bool = False
    """A1111's "Pad prompt/negative prompt": the shorter of the two is filled up with empty chunks."""

    @property
    def reading(self) -> Reading:
        """How prompts are read."""
        return Reading(self.like, self.pad_conds)

    def as_json(self) -> dict[str, Any]:
        """As cache keys state it: settings that came later are left out while they have the value that all images had before."""
        later = {"like": "a1111", "pad_conds": False}
        return {key: value for key, value in asdict(self).items() if later.get(key) != value or key not in later}

    def check(self, factor: int) -> None:
        """Raises InputError for an unknown sampler, a prompt that is not followed, and a size that does not fit the grid."""
        sampler_named(self.sampler)
        refuse_unread(self.prompt, self.negative_prompt, self.reading)
        if self.like == "comfyui":
            check_comfyui(self.sampler)
            if self.rng != "cpu" or self.ensd or self.pad_conds:
                what = "like: comfyui draws ComfyUI's noise, which lies on the CPU, and pads no prompt"
                raise InputError(what, "render", "leave out rng, ensd and pad_conds")
        if self.width % factor or self.height % factor:
            raise InputError(
                phrase("size {width}x{height} is not divisible by {factor}", width=self.width, height=self.height, factor=factor),
                "render",
                "round it",
            )


class Renderer(Protocol):
    """Draws jobs. An evaluator calls it for the images that its cache lacks; implementations need no cache of their own.

    Equal jobs give equal images, in this process or another with the same `identity`. An image that cannot be drawn (black, NaN)
    is a NotDrawn with the reason; a request that cannot be served at all (out of memory for one image, a server that is away)
    raises InputError, as does one whose regions it cannot draw. `optimizer.testing.renderer_conformance` checks one.
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

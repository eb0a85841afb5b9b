"""The seam to drawing servers: what a renderer over one server gives besides `optimizer.render.base.Renderer`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from optimizer.point import Job
from optimizer.render.base import Renderer
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.server_lora import ServerLora

if TYPE_CHECKING:
    from PIL.Image import Image

OnStep: TypeAlias = Callable[[int, int], None]
"""Called as the server reports progress, with the sampling steps done and their number, from the thread that draws."""


@dataclass(frozen=True)
class ServerFacts:
    """A server, and what it has of a study."""

    kind: str
    """"comfyui", "webui", "forge" ..."""
    version: str
    """As the server states it; empty if it states none."""
    checkpoint: str
    """The name by which the server knows the base."""
    checkpoint_hash: str
    """SHA-256 of the base's file, or what the server states of it; empty where neither can be had."""
    family: str
    """The base's family by its name in `models.base.registry`; empty if unknown."""
    loras: Mapping[str, ServerLora]
    """By the study's names; all LoRAs of the study."""
    width: int
    """Of the picture that it will draw, in pixels."""
    height: int
    """Of the picture that it will draw, in pixels."""
    device: str
    """What it draws on, in its own words; empty if it does not tell."""
    samplers: Sequence[str] = ()
    """All names that a point may give as its sampler; empty if only the study's own can be drawn."""
    slots: Mapping[str, str] = field(default_factory=dict)
    """Where a workflow takes what the study sets, in words for people: {"sampler": "KSampler (3)"}."""


class DrawingCancelledError(Exception):
    """`RemoteRenderer.cancel` ended this drawing. What the server still sends of it is thrown away."""


class RemoteRenderer(Renderer, Protocol):
    """A Renderer over one server, which draws one job at a time: `batch` is 1.

    `render` is `draw` at the weights of each job and of the LoRAs that are fixed. A server that is away is waited for inside of
    `draw` (`optimizer.render.remote.client.Patience`). Ctrl-C while it draws stops the image on the server, too.
    `seconds_per_image` draws nothing: it is the median of what this renderer has drawn, 0 before the first image.
    """

    def facts(self) -> ServerFacts:
        """Asks the server; cheap enough to be asked now and then while a run goes on.

        Raises InputError if it is away, or lacks the checkpoint, a LoRA, a node or the sampler, with the nearest names it has; or
        if a LoRA's file there is another than here."""
        ...

    def draw(self, job: Job, weights: Mapping[str, float], *, afresh: bool = False) -> Image | NotDrawn:
        """One image at `weights`: of all LoRAs by the study's names; one that is missing is 0. The weights of the job's point
        are not read.

        `afresh` has the server draw it although it may keep the result of an equal request."""
        ...

    def interruptions(self) -> int:
        """How often the server was away so far: after each time another program may listen there."""
        ...

    def cancel(self) -> None:
        """Called from another thread: stops the image in hand on the server. The `draw` that waits for it raises
        DrawingCancelledError; where nothing is drawn, nothing happens. Raises nothing."""
        ...

    def close(self) -> None:
        """Ends all connections. May be called twice."""
        ...

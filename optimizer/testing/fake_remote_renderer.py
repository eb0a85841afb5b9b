"""A drawing server in memory, and a renderer over it: for tests of what watches a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from optimizer.point import Job
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.base import DrawingCancelledError, ServerFacts
from optimizer.render.remote.server_lora import ServerLora
from optimizer.testing.fake_server.scene import Paint, Scene, flat

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass
class FakeServer:
    """What a server does, as a test sets it while a run goes on."""

    loras: tuple[str, ...] = ("dress", "shoes")
    version: str = "1"
    checkpoint_hash: str = "0123456789abcdef"
    paint: Paint = flat
    dead: frozenset[str] = frozenset()
    """LoRAs that it draws without, though it reports success."""
    fails: frozenset[int] = frozenset()
    """Seeds whose images come out as nothing."""
    restarts: int = 0
    """How often it was started anew."""
    drawn: list[Scene] = field(default_factory=list)
    kept: dict[str, Image] = field(default_factory=dict)
    """Results of earlier requests, which are sent again."""

    def ask(self, scene: Scene, *, afresh: bool) -> Image | NotDrawn:
        if scene.seed in self.fails:
            return NotDrawn("the server's picture is black")
        key = repr(scene)
        if afresh or key not in self.kept:
            self.drawn.append(scene)
            alive = {name: 0.0 if name in self.dead else weight for name, weight in scene.loras.items()}
            self.kept[key] = self.paint(replace(scene, loras=alive))
        return self.kept[key]


@dataclass
class FakeRemoteRenderer:
    """A RemoteRenderer over a FakeServer."""

    server: FakeServer = field(default_factory=FakeServer)
    fixed: Mapping[str, float] = field(default_factory=dict)
    width: int = 64
    """Pixels."""
    height: int = 96
    """Pixels."""
    cancelled: bool = False
    """Since the last drawing began."""
    closed: bool = False

    def __post_init__(self) -> None:
        self._at_first = self.facts()

    def facts(self) -> ServerFacts:
        loras = {name: ServerLora(f"{name}.safetensors", f"{n:064x}", {}) for n, name in enumerate(self.server.loras, 1)}
        kind, device = "fake", "memory"
        base = "base.safetensors", self.server.checkpoint_hash, "sd15"
        return ServerFacts(kind, self.server.version, *base, loras, self.width, self.height, device)

    def identity(self) -> Mapping[str, Any]:
        facts = self._at_first
        return {
            "path": "fake 1",
            "server": {"kind": facts.kind, "version": facts.version},
            "base": facts.checkpoint_hash,
            "loras": {name: lora.hash for name, lora in facts.loras.items()},
            "frame": {"width": self.width, "height": self.height},
            "fixed": dict(self.fixed),
        }

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        return [self.draw(job, {**self.fixed, **job.point.by_file()}) for job in jobs]

    def draw(self, job: Job, weights: Mapping[str, float], *, afresh: bool = False) -> Image | NotDrawn:
        self.cancelled = False
        point = job.point
        complete = {name: weights.get(name, 0.0) for name in self.server.loras}
        steps, sampler = point.steps or 20, point.sampler or "euler"
        scene = Scene(job.seed, point.prompt, "", point.cfg, steps, sampler, self.width, self.height, complete)
        image = self.server.ask(scene, afresh=afresh)
        if self.cancelled:
            raise DrawingCancelledError
        return image

    def batch(self) -> int:
        return 1

    def seconds_per_image(self) -> float:
        return 0.0

    def interruptions(self) -> int:
        return self.server.restarts

    def cancel(self) -> None:
        self.cancelled = True

    def close(self) -> None:
        self.closed = True

"""Draws images: any points at any seeds. The seam between the search and the diffusion model."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from models.base.family import Conditioning, joined
from models.errors import InputError
from models.lora.fold import Folded
from models.lora.sites import DENOISER
from models.precision import whole_float32
from optimizer.point import Job, Point
from optimizer.render.conditioning import ConditioningEncoder
from optimizer.render.decode import NotDrawn, decode
from optimizer.render.denoise import Predict, denoise
from optimizer.render.memory import MOST, Fit, Needs, fit, free_bytes, size_of
from optimizer.render.noise import NOISE_MEND, Noise, noise_is_elsewhere
from optimizer.render.schedulers import calls, make_scheduler

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import nn

    from models.base.family import Base
    from models.base.textual_inversion import Embedding
    from models.lora.file import LoraFile
from optimizer.render.base import Frame

NUMERICAL_PATH = "folded-3"
"""Named in every cache key: images of one study are all drawn by one order of arithmetic."""


@dataclass
class DiffusionRenderer:
    """Renders with a base whose weights carry the LoRAs, those of each image at its own weights.

    Where the models do not fit on `device` together, each is brought there when it is needed.
    """

    base: Base
    loras: Mapping[str, LoraFile]
    frame: Frame
    fixed: Mapping[str, float] = field(default_factory=dict)
    """Weights of LoRAs that are not searched."""
    embeddings: Mapping[str, Embedding] = field(default_factory=dict)
    """Textual inversions by the names that stand in prompts."""
    device: str | None = None
    """None for where the base is."""
    most: int | None = None
    """Images at once; None for as many as fit, on devices that draw several faster."""
    compiled: bool = False

    def __post_init__(self) -> None:
        import torch

        self._device = torch.device(self.device) if self.device else self.base.device
        self.frame.check(self.base.factor)
        if noise_is_elsewhere(self.frame.rng, self._device.type):
            raise InputError("rng gpu needs a CUDA device", "render.rng", NOISE_MEND)
        self._denoiser = Folded(self.base.denoiser, {n: f.layers.get(DENOISER, {}) for n, f in self.loras.items()})
        self._predict = self._predictor(torch.compile(self.base.denoiser) if self.compiled else self.base.denoiser)
        self._fit = self._measure()
        size = self.frame.width, self.frame.height
        self._conditioning = ConditioningEncoder(
            self.base, self.loras, size, self.frame.clip_skip, self.embeddings, present=self._present
        )
        if self._fit.tiled:
            self.base.vae.enable_tiling()
        if not self._fit.offload:
            for model in self.base.models:
                model.to(self._device)

    def batch(self) -> int:
        return self._fit.batch

    def identity(self) -> Mapping[str, Any]:
        ways = {"tiled": self._fit.tiled, "compiled": self.compiled}
        return {
            "base": self.base.hash,
            "loras": {name: file.digest for name, file in sorted(self.loras.items())},
            "embeddings": {name: held.digest for name, held in sorted(self.embeddings.items())},
            "fixed": dict(sorted(self.fixed.items())),
            "frame": asdict(self.frame),
            "dtype": str(self.base.dtype),
            "path": " ".join([NUMERICAL_PATH, *(way for way, taken in ways.items() if taken)]),
        }

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        found: dict[int, Image | NotDrawn] = {}
        conditionings = [self._told(job.point) for job in jobs]
        for group in _alike(jobs, conditionings):
            drawn = self._halving([jobs[i] for i in group], [conditionings[i] for i in group])
            found |= dict(zip(group, drawn, strict=True))
        return [found[i] for i in range(len(jobs))]

    def _halving(self, jobs: Sequence[Job], conditionings: Sequence[tuple[Conditioning, ...]]) -> list[Image | NotDrawn]:
        """Draws jobs together or, where the device has not the memory, in two halves."""
        import torch

        try:
            return self._draw(jobs, conditionings)
        except torch.OutOfMemoryError as error:
            if len(jobs) == 1:
                size = f"{self.frame.width}x{self.frame.height}"
                raise InputError(f"one image of {size} does not fit on {self._device}", "render", "make it smaller") from error
        # Outside of the except clause: the error holds the frames that hold the memory.
        self._denoiser.release()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        middle = len(jobs) // 2
        return [*self._halving(jobs[:middle], conditionings[:middle]), *self._halving(jobs[middle:], conditionings[middle:])]

    def _draw(self, jobs: Sequence[Job], conditionings: Sequence[tuple[Conditioning, ...]]) -> list[Image | NotDrawn]:
        import torch

        point = jobs[0].point
        scheduler = make_scheduler(point.sampler or self.frame.sampler, self.base.schedule, [job.seed for job in jobs])
        scheduler.set_timesteps(point.steps or self.frame.steps, device=self._device)
        noise = Noise(self.frame.rng, [job.seed for job in jobs], self._device, self.frame.ensd)
        first = noise.first(self._latent_shape(), torch.float32) * scheduler.init_noise_sigma
        weights = [{**self.fixed, **job.point.weights} for job in jobs]
        scales = [job.point.cfg for job in jobs]
        with torch.no_grad(), whole_float32():
            with self._present(self.base.denoiser), self._denoiser.at(weights), noise.drawing():
                latents = denoise(self._predict, scheduler, first, _rows(conditionings), scales)
            with self._present(self.base.vae):
                return [decode(self.base, latent) for latent in latents]

    def seconds_per_image(self) -> float:
        """Measured: one guided UNet step (the second of two), times the steps."""
        import torch

        conditionings = _rows([self._conditioning.of(self.frame.prompt, self.frame.negative_prompt, {})])
        latents = torch.zeros((1, *self._latent_shape()), device=self._device)
        scheduler, predict = make_scheduler("Euler", self.base.schedule, [0]), self._predictor(self.base.denoiser)
        with torch.no_grad(), self._present(self.base.denoiser):
            for steps in (1, 1):
                began = time.monotonic()
                scheduler.set_timesteps(steps, device=self._device)
                denoise(predict, scheduler, latents, conditionings, [2.0])
                if self._device.type == "cuda":
                    torch.cuda.synchronize()
        return (time.monotonic() - began) * calls(self.frame.sampler, self.frame.steps)

    def _told(self, point: Point) -> tuple[Conditioning, ...]:
        """(negative, positive), or the positive alone at CFG 1, where A1111 does not guide either."""
        prompt = point.prompt or self.frame.prompt
        both = self._conditioning.of(prompt, self.frame.negative_prompt, {**self.fixed, **point.weights})
        return both if point.cfg > 1 else both[1:]

    def _latent_shape(self) -> tuple[int, int, int]:
        return self.base.family.latent_shape(self.base, self.frame.width, self.frame.height)

    def _predictor(self, denoiser: Any) -> Predict:
        family = self.base.family
        return lambda latents, time, conditioning: family.predict(denoiser, latents, time, conditioning)

    def _measure(self) -> Fit:
        sizes = [size_of(model) for model in self.base.models]
        held = sum(size_of(m) for m in self.base.models if next(m.parameters()).device == self._device)
        needs = Needs(sum(sizes), max(sizes), self._denoiser.copy_bytes, self.base.dtype.itemsize)
        # A processor draws two images in the time of two.
        most = self.most or (MOST if self._device.type == "cuda" else 1)
        return fit(free_bytes(self._device), held, needs, self.frame.width * self.frame.height, most=most)

    @contextmanager
    def _present(self, model: nn.Module) -> Iterator[None]:
        """The model on the device while it lasts, if it does not stay there."""
        if not self._fit.offload:
            yield
            return
        model.to(self._device)
        try:
            yield
        finally:
            model.to("cpu")


def _rows(images: Sequence[tuple[Conditioning, ...]]) -> Conditioning:
    """The rows of each image next to each other, as models.lora.fold wants them."""
    return joined([conditioning for image in images for conditioning in image])


def _alike(jobs: Sequence[Job], conditionings: Sequence[tuple[Conditioning, ...]]) -> list[list[int]]:
    """Indices of jobs that one batch can hold: of equal steps, sampler, guidance and length of prompts."""
    found: dict[tuple[object, ...], list[int]] = {}
    for index, (job, rows) in enumerate(zip(jobs, conditionings, strict=True)):
        key = (job.point.steps, job.point.sampler, len(rows), rows[0].hidden.shape[1])
        found.setdefault(key, []).append(index)
    return list(found.values())

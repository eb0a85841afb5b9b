"""Draws images: one locked seed, any point. The seam between the search and the diffusion model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from models.errors import InputError
from optimizer.diffusion_samplers import make_scheduler, sampler_named
from optimizer.fold import Folded
from optimizer.point import Point
from optimizer.prompt import chunks_needed, encode_prompt

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from models.base import Base
    from models.lora import LoraFile

NUMERICAL_PATH = "folded-solo-1"
"""Named in every cache key: images of one study are all drawn by one order of arithmetic."""


@dataclass(frozen=True)
class Frame:
    """What all renders of a study share. Size in pixels; `clip_skip` counts as A1111 does."""

    prompt: str
    negative_prompt: str
    width: int
    height: int
    steps: int
    sampler: str
    clip_skip: int = 1
    rng: Literal["cpu", "gpu"] = "cpu"

    def check(self, factor: int) -> None:
        """Raises InputError if the sampler is unknown or the size does not fit the latent grid."""
        sampler_named(self.sampler)
        if self.width % factor or self.height % factor:
            raise InputError(f"size {self.width}x{self.height} is not divisible by {factor}", "render", "round it")


class Renderer(Protocol):
    """Called by the evaluator for every image that no cache holds; must draw equal images for equal arguments."""

    def render(self, seed: int, point: Point) -> Image:
        """One RGB image of `frame` size."""
        ...

    def identity(self) -> Mapping[str, Any]:
        """All that decides an image besides seed and point, as JSON values: the cache key's other half."""
        ...


@dataclass
class DiffusionRenderer:
    """Renders with diffusers' StableDiffusionPipeline over a base whose weights carry the LoRAs."""

    base: Base
    loras: Mapping[str, LoraFile]
    frame: Frame
    fixed: Mapping[str, float] = field(default_factory=dict)
    """Weights of LoRAs that are not searched."""

    def __post_init__(self) -> None:
        self.frame.check(self.base.factor)
        if self.frame.rng == "gpu" and self.base.device.type != "cuda":
            raise InputError("rng gpu needs a CUDA device", "render.rng", "set rng: cpu, and in A1111 'RNG: CPU'")
        self._unet = Folded(self.base.unet, {n: f.unet for n, f in self.loras.items()})
        self._text = Folded(self.base.text_encoder, {n: f.text for n, f in self.loras.items() if f.text})
        self._encoded: dict[tuple[object, ...], tuple[Tensor, Tensor]] = {}
        self._pipe = self._pipeline()

    def identity(self) -> Mapping[str, Any]:
        return {
            "base": self.base.hash,
            "loras": {name: file.digest for name, file in sorted(self.loras.items())},
            "fixed": dict(sorted(self.fixed.items())),
            "frame": asdict(self.frame),
            "dtype": str(self.base.unet.dtype),
            "path": NUMERICAL_PATH,
        }

    def render(self, seed: int, point: Point) -> Image:
        import torch

        weights = {**self.fixed, **point.weights}
        self._text.set(weights)
        context, negative = self._context(point.prompt or self.frame.prompt, weights)
        self._unet.set(weights)
        self._pipe.scheduler = make_scheduler(self.frame.sampler, self.base.schedule, [seed])
        device = self.base.device if self.frame.rng == "gpu" else torch.device("cpu")
        generator = torch.Generator(device).manual_seed(seed)
        image: Image = self._pipe(
            prompt_embeds=context,
            negative_prompt_embeds=negative,
            guidance_scale=point.cfg,
            num_inference_steps=self.frame.steps,
            width=self.frame.width,
            height=self.frame.height,
            generator=generator,
        ).images[0]
        return image

    def seconds_an_image(self) -> float:
        """Measured: one guided UNet step (the second of two), times the steps."""
        import torch

        context, negative = self._context(self.frame.prompt, {})
        size = (
            2,
            self.base.unet.config["in_channels"],
            self.frame.height // self.base.factor,
            self.frame.width // self.base.factor,
        )
        latents = torch.zeros(size, device=self.base.device, dtype=self.base.unet.dtype)
        with torch.no_grad():
            for _ in range(2):
                began = time.monotonic()
                self.base.unet(latents, 500, torch.cat([negative, context]))
                if self.base.device.type == "cuda":
                    torch.cuda.synchronize()
        return (time.monotonic() - began) * self.frame.steps

    def _context(self, prompt: str, weights: Mapping[str, float]) -> tuple[Tensor, Tensor]:
        import torch

        key = (prompt, tuple(sorted((n, w) for n, w in weights.items() if n in self.loras and self.loras[n].text)))
        if key not in self._encoded:
            tokenizer, encoder = self.base.tokenizer, self.base.text_encoder
            chunks = chunks_needed(tokenizer, prompt, self.frame.negative_prompt)
            with torch.no_grad():
                pair = tuple(
                    encode_prompt(tokenizer, encoder, text, chunks=chunks, clip_skip=self.frame.clip_skip)
                    for text in (prompt, self.frame.negative_prompt)
                )
            self._encoded[key] = (pair[0], pair[1])
        return self._encoded[key]

    def _pipeline(self) -> Any:
        from diffusers import StableDiffusionPipeline

        pipe = StableDiffusionPipeline(
            vae=self.base.vae,
            text_encoder=self.base.text_encoder,
            tokenizer=self.base.tokenizer,
            unet=self.base.unet,
            scheduler=make_scheduler("Euler", self.base.schedule, [0]),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        pipe.set_progress_bar_config(disable=True)
        return pipe

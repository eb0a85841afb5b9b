"""The renderer on this machine: a diffusion model from `models.base`, LoRAs folded into its weights, diffusers' schedulers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from models.base.family import GUIDANCE
from models.base.textual_inversion import is_named
from models.errors import InputError
from models.language.translate import phrase
from models.lora.fold import Folded
from models.lora.sites import DENOISER
from models.precision import whole_float32
from optimizer.control.controlled import controlled
from optimizer.point import Job, Point
from optimizer.regions.rows import Row, rows_of
from optimizer.render.base import RenderSettings
from optimizer.render.conditioning import ConditioningEncoder
from optimizer.render.control_nets import check_told, strengths_in, told_of, windows_of
from optimizer.render.decode import NotDrawn, decode
from optimizer.render.denoise import Predict, denoise
from optimizer.render.drawing import Drawing, Pair, Part, alike, check_steps, predicting, rows_together, stretches
from optimizer.render.flow.scheduler import check_family, check_guidance
from optimizer.render.inpainting.base import check_inpaints
from optimizer.render.inpainting.kept_picture import KeptPicture, begun, kept_picture, laid_steps
from optimizer.render.memory import (
    DENOISER_VALUES,
    MAX_BATCH,
    TRANSFORMER_VALUES,
    Fit,
    Needs,
    check_room,
    fit,
    free_bytes,
    size_of,
)
from optimizer.render.noise import NOISE_MEND, Noise, noise_is_elsewhere
from optimizer.render.numerical_path import EXACT_LEVELS, LCM_LEVELS, ORDER, RESIZED, UNEVEN, ZERO_SNR, numerical_path
from optimizer.render.placement import Placement
from optimizer.render.sampling.laid import laid_scheduler
from optimizer.render.sampling.samplers import calls, steps_of_calls
from optimizer.render.sampling.sigmas import on_learnt_levels
from optimizer.render.upsampling import divides, resized_after_convolution
from optimizer.schedules.schedule import Schedules, acting, windows

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.base.family import Base
    from models.base.textual_inversion import Embedding
    from models.control_net.opening import ControlNet
    from models.lora.file import LoraFile
    from optimizer.render.inpainting.base import Redrawing


@dataclass
class DiffusionRenderer:
    """`optimizer.render.base.Renderer` over a base whose weights carry the LoRAs, those of each image at its own weights.

    Where the models do not fit on the device together, each is brought there when it is needed; a batch that does not fit is
    drawn in halves.
    """

    base: Base
    loras: Mapping[str, LoraFile]
    settings: RenderSettings
    fixed: Mapping[str, float] = field(default_factory=dict)
    """Weights of LoRAs that are not searched."""
    embeddings: Mapping[str, Embedding] = field(default_factory=dict)
    """Textual inversions by the names that stand in prompts."""
    prompts: Sequence[str] = ()
    """What jobs may name instead of the settings' prompt, as far as it is known. Decides no image, but with the settings' prompt
    whether images were once drawn otherwise (`UNEVEN`, textual inversions in LoRA files)."""
    device: str | None = None
    """None for the device that the base is on."""
    max_batch: int | None = None
    """Images at once; None for as many as fit, on devices that draw several faster."""
    compiled: bool = False
    """Whether torch.compile is applied to the denoiser."""
    schedules: Schedules = field(default_factory=dict)
    """Of `fixed` LoRAs that do not act in all steps."""
    control_nets: Mapping[str, ControlNet] = field(default_factory=dict)
    """By the names that points have for them. An image decides by its hints which of them it was drawn with."""

    def __post_init__(self) -> None:
        import torch

        self._device = torch.device(self.device) if self.device else self.base.device
        self.settings.check(self.base.factor)
        check_family(self.settings, self.base)
        if noise_is_elsewhere(self.settings.rng, self._device.type):
            raise InputError("rng gpu needs a CUDA device", "render.rng", NOISE_MEND)
        layers = {name: file.layers.get(DENOISER, {}) for name, file in self.loras.items()}
        self._folded = Folded(self.base.denoiser, layers, self.settings.like)
        self._denoiser = torch.compile(self.base.denoiser) if self.compiled else self.base.denoiser
        nets = [net.module for net in self.control_nets.values()]
        self._predicting = torch.nn.ModuleList([self.base.denoiser, *nets]) if nets else self.base.denoiser
        self._fit = self._measured_fit()
        if self._fit.lean:
            self._folded = Folded(self.base.denoiser, layers, self.settings.like, device=self._device)
        self._placement = Placement(self._device, self._fit.offload, self._folded.touched if self._fit.lean else ())
        settings = self.settings
        size = settings.width, settings.height
        self._scheduler = partial(laid_scheduler, self.base, settings, self._device)
        self._conditioning = ConditioningEncoder(
            self.base, self.loras, size, settings.clip_skip, self.embeddings, settings.reading, self._placement.present
        )
        # torch.compile takes its hooks along only if they are there when it first runs.
        odd = settings.like == "a1111" and not divides(self.base.denoiser, self._latent_shape())
        self._sized = (lambda: resized_after_convolution(self.base.denoiser)) if odd else nullcontext
        if self._fit.tiled:
            self.base.vae.enable_tiling()
        self._placement.load([*self.base.models, *nets])

    def batch(self) -> int:
        return self._fit.batch

    def identity(self) -> Mapping[str, Any]:
        frame = self.settings
        mine = frame.like == "a1111"
        variants = {
            ZERO_SNR: bool(self.base.schedule.get("rescale_betas_zero_snr")),
            UNEVEN: mine and not frame.pad_conds and self._may_be_uneven(),
            RESIZED: mine and not divides(self.base.denoiser, self._latent_shape()),
            LCM_LEVELS: mine and frame.sampler == "LCM" and not on_learnt_levels(frame.steps),
            EXACT_LEVELS: not mine,
            "tiled": self._fit.tiled,
            "compiled": self.compiled,
        }
        ordered = any(file.depends_on_order for file in self.loras.values())
        return {
            **({ORDER: list(self.loras)} if ordered else {}),
            "base": self.base.hash,
            "loras": {name: file.digest for name, file in sorted(self.loras.items())},
            "embeddings": {name: e.digest for name, e in sorted(self.embeddings.items()) if self._may_call(name, e)},
            "fixed": dict(sorted(self.fixed.items())),
            **({"schedules": {n: str(s) for n, s in sorted(self.schedules.items())}} if self.schedules else {}),
            "frame": self.settings.as_json(),
            "dtype": str(self.base.dtype),
            "path": numerical_path(variants),
        }

    def _may_call(self, name: str, embedding: Embedding) -> bool:
        """Those in LoRA files were once not read: where no prompt names one, the images are what they were."""
        return not embedding.lora or is_named(name, [self.settings.prompt, self.settings.negative_prompt, *self.prompts])

    def render(self, jobs: Sequence[Job]) -> list[Image | NotDrawn]:
        found: dict[int, Image | NotDrawn] = {}
        drawings = [self._drawing(job) for job in jobs]
        for group in alike(drawings):
            # Images in regions are not counted in `batch`, and hold more rows each.
            rows = drawings[group[0]].most_rows
            size = len(group) if rows == 1 else max(1, self._fit.rows // rows)
            for part in (group[at : at + size] for at in range(0, len(group), size)):
                found |= dict(zip(part, self._draw_or_split([drawings[i] for i in part]), strict=True))
        return [found[i] for i in range(len(jobs))]

    def inpaint(self, redrawings: Sequence[Redrawing]) -> list[Image | NotDrawn]:
        """As `optimizer.render.inpainting.base.Inpainter`."""
        check_inpaints(self.base)
        found: list[Image | NotDrawn] = []
        for one in redrawings:
            with self._placement.present(self.base.vae):
                kept = kept_picture(self.base, one, self._latent_shape()[1:], self._device)
            found += self._draw_or_split([self._drawing(one.job)], kept)
        return found

    def release(self) -> None:
        """Frees the memory of the folded weights: the next image folds them anew."""
        self._folded.release()

    def seconds_per_image(self) -> float:
        """Measured: one guided step of the denoiser (the second of two), times its calls in an image."""
        import torch

        scale = 2.0 if self.base.family.guidance(self.base) != "none" else 1.0
        conditioning = rows_together([self._pair(Job(0, Point({}, scale)), Row({}, None))])
        latents = torch.zeros((1, *self._latent_shape()), device=self._device)
        predict = self._predictor(self.base.denoiser)
        with torch.no_grad(), self._placement.present(self.base.denoiser):
            for steps in (1, 1):
                began = time.monotonic()
                scheduler = self._scheduler("Euler", [0], steps)
                denoise(predict, scheduler, latents, conditioning, [2.0])
                if self._device.type == "cuda":
                    torch.cuda.synchronize()
        return (time.monotonic() - began) * calls(self.settings.sampler, self.settings.steps)

    def _draw_or_split(self, drawings: Sequence[Drawing], kept: KeptPicture | None = None) -> list[Image | NotDrawn]:
        """Draws jobs together or, where the device has not the memory, in two halves."""
        import torch

        try:
            return self._draw(drawings, kept)
        except torch.OutOfMemoryError as error:
            if len(drawings) == 1:
                self._check_rows(drawings[0], 0)
                size = f"{self.settings.width}x{self.settings.height}"
                raise InputError(
                    phrase("one image of {size} does not fit on {device}", size=size, device=self._device),
                    "render",
                    "make it smaller",
                ) from error
        # Outside of the except clause: the error refers to the stack frames, and those to the memory.
        self._folded.release()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        middle = len(drawings) // 2
        return [*self._draw_or_split(drawings[:middle]), *self._draw_or_split(drawings[middle:])]

    def _draw(self, drawings: Sequence[Drawing], kept: KeptPicture | None) -> list[Image | NotDrawn]:
        import torch

        point = drawings[0].job.point
        settings, seeds, comfyui = self.settings, [one.job.seed for one in drawings], self.settings.like == "comfyui"
        sampler, steps = point.sampler or settings.sampler, point.steps or settings.steps
        scheduler = self._scheduler(sampler, seeds, laid_steps(kept, steps, settings.like))
        noise = Noise(settings.rng, seeds, self._device, settings.ensd, restarting=comfyui)
        of_calls = steps_of_calls(sampler, len(scheduler.timesteps))
        latents = begun(kept, scheduler, sampler, steps, noise.first(self._latent_shape(), torch.float32), settings.like)
        scales = [one.job.point.cfg for one in drawings]
        check_steps(drawings, of_calls[-1] + 1)
        with torch.no_grad(), whole_float32():
            with self._placement.present(self._predicting), noise.drawing():
                for part, parts in stretches(drawings, of_calls[-len(scheduler.timesteps) :]):
                    predict, conditioning = predicting(self._predict(drawings, parts), parts, latents)
                    with self._folded.at([row.weights for one in parts for row in one.rows]), self._sized():
                        latents = denoise(
                            predict, scheduler, latents, conditioning, scales, whole_times=comfyui, calls=part, kept=kept
                        )
            with self._placement.present(self.base.vae):
                return [decode(self.base, latent, cut_off=comfyui) for latent in latents]

    def _drawing(self, job: Job) -> Drawing:
        """Raises InputError for more regions than memory holds."""
        _, height, width = self._latent_shape()
        weights, schedules = {**self.fixed, **job.point.weights}, {**self.schedules, **job.point.acting_schedules()}
        check_told(job, self.control_nets)
        parts = []
        for window in windows({**schedules, **windows_of(job.point.controls)}):
            rows = rows_of(acting(weights, schedules, window), job.regions, (height, width))
            parts.append(Part(window, rows, [self._pair(job, row) for row in rows], strengths_in(window, job.point.controls)))
        found = Drawing(job, parts, {name: schedule for name, schedule in schedules.items() if weights.get(name)})
        self._check_rows(found, self._fit.rows)
        return found

    def _check_rows(self, drawing: Drawing, most: int) -> None:
        """Raises InputError for more regions than `most`."""
        rows = drawing.most_rows
        if 1 < rows > most:
            what = phrase("an image in {rows} regions does not fit in the memory of {device}", rows=rows, device=self._device)
            raise InputError(what, "loras", "give fewer LoRAs a region of their own, or draw smaller")

    def _pair(self, job: Job, row: Row) -> Pair:
        """The positive conditioning alone at CFG 1, where A1111 does not guide either, and where the base is told the CFG."""
        point, prompt = job.point, job.point.prompt or self.settings.prompt
        prompt = f"{prompt}, {row.words}" if row.words else prompt
        guidance = self.base.family.guidance(self.base)
        check_guidance(point.cfg, self.base)
        if guidance == "free" and point.cfg > 1:
            return self._conditioning.of(prompt, self.settings.negative_prompt, row.weights)
        alone = self._conditioning.alone(prompt, row.weights)
        if guidance != "told":
            return (alone,)
        told = alone.hidden.new_full((1,), point.cfg).float()
        return (replace(alone, extra={**alone.extra, GUIDANCE: told}),)

    def _may_be_uneven(self) -> bool:
        negative = self.settings.negative_prompt
        return any(self._conditioning.uneven(prompt, negative) for prompt in (self.settings.prompt, *self.prompts))

    def _latent_shape(self) -> tuple[int, int, int]:
        return self.base.family.latent_shape(self.base, self.settings.width, self.settings.height)

    def _predict(self, drawings: Sequence[Drawing], parts: Sequence[Part]) -> Predict:
        """What predicts steps of these images, the ControlNets that act in them included."""
        told = told_of(self.control_nets, [one.job for one in drawings], parts, self._device)
        return self._predictor(controlled(self._denoiser, told))

    def _predictor(self, denoiser: Any) -> Predict:
        family = self.base.family
        return lambda latents, time, conditioning: family.predict(denoiser, latents, time, conditioning)

    def _measured_fit(self) -> Fit:
        models = [*self.base.models, *(net.module for net in self.control_nets.values())]
        sizes = [*map(size_of, models), size_of(self._predicting)]
        loaded = sum(size_of(model) for model in models if next(model.parameters()).device == self._device)
        values = DENOISER_VALUES if self.base.family.samplers is None else TRANSFORMER_VALUES
        loras, element, vae = self._folded.folding_bytes, self.base.dtype.itemsize, size_of(self.base.vae)
        needs = Needs(sum(sizes[:-1]), max(sizes), self._folded.copy_bytes, element, sizes[-1], vae, loras, values)
        # A processor draws two images in the time of two.
        max_batch = self.max_batch or (MAX_BATCH if self._device.type == "cuda" else 1)
        free = free_bytes(self._device)
        check_room(free + loaded, needs, self._device)
        return fit(free, loaded, needs, self.settings.width * self.settings.height, max_batch=max_batch)

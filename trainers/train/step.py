"""One training step: what is drawn at random for it, the loss, the gradients."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.base.family import Conditioning, Frame
from trainers.prepare.captions import without_trigger
from trainers.train.data.batches import Batch
from trainers.train.data.caption_variants import with_triggers
from trainers.train.data.dataset import Dataset
from trainers.train.data.encoding import Latent, Texts
from trainers.train.layers.adapters import disabled_adapters
from trainers.train.layers.companion_loras import Companions, random_weights
from trainers.train.loss import Diffusion, denoising_loss
from trainers.train.settings.preset import Outside, Preset

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from models.base.family import Base


@dataclass(frozen=True)
class Description:
    """What is said of some images, before it is encoded."""

    captions: Sequence[str]
    frames: Sequence[Frame]

    def at(self, chosen: Sequence[bool], change: Callable[[str], str]) -> Description:
        """Of the chosen images alone, their captions changed."""
        pairs = zip(self.captions, self.frames, chosen, strict=True)
        kept = [(change(caption), frame) for caption, frame, is_chosen in pairs if is_chosen]
        return Description([caption for caption, _ in kept], [frame for _, frame in kept])


@dataclass(frozen=True)
class StepContext:
    """What all steps of a training share."""

    base: Base
    """The base, wrapped with the layers that are trained."""
    preset: Preset
    """The settings."""
    trigger: str
    """The LoRA's trigger."""
    diffusion: Diffusion
    """The base's noise schedule."""
    dataset: Dataset
    """The training set."""
    latents: list[Latent]
    """The latent of each of its images."""
    things: list[Tensor]
    """The thing's share of each latent cell (1, h, w) of each image."""
    masks: list[Tensor]
    """The weight of each latent cell (1, h, w) of each image."""
    texts: Texts
    """Embeds captions."""
    frames: list[Frame]
    """How each image was made of its file."""
    companions: Companions
    """LoRAs that are active meanwhile."""
    bfloat16: bool
    """Whether to compute under bfloat16 autocast."""


def backward(context: StepContext, batch: Batch, step: int) -> Tensor:
    """Accumulates the gradients of one step and returns its loss. All randomness follows from the seed and the step's number.

    The loss is a scalar on the base's device: reading it here would wait for the device.
    """
    import torch

    device, preset = context.base.device, context.preset
    generator = step_generator(preset.seed, step)
    x0, noise, t = draw_noise(context, batch, generator)
    weights = torch.tensor([preset.prior_weight if context.dataset.pictures[i].is_reg else 1.0 for i in batch.pictures])
    preserved = torch.rand(len(x0), generator=generator) < preset.preserve
    things, masks = (torch.stack([of_all[i] for i in batch.pictures]) for of_all in (context.things, context.masks))
    photo_share, cells = _regions(things, masks, preserved, preset.outside)
    captions = _with_companions(context, batch.captions, generator)
    captions = [without_trigger(c, context.trigger) if keep else c for c, keep in zip(captions, preserved.tolist(), strict=True)]
    frames = [context.frames[i] for i in batch.pictures]
    total, size = torch.zeros((), device=device), math.ceil(len(x0) / preset.accumulate)
    for start in range(0, len(x0), size):
        part = slice(start, start + size)
        tensors = (x.to(device) for x in (x0[part], noise[part], t[part], weights[part], photo_share[part], cells[part]))
        loss = _loss(context, Description(captions[part], frames[part]), *tensors) * (len(x0[part]) / len(x0))
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
        total += loss.detach()
    return total


def step_generator(seed: int, step: int) -> torch.Generator:
    """Where all randomness of a step comes from."""
    import numpy as np
    import torch

    return torch.Generator().manual_seed(int(np.random.SeedSequence((seed, step)).generate_state(1)[0]))


def draw_noise(context: StepContext, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Latents (N, C, h, w) of the batch, their noise, and timesteps (N,): the first that a step draws."""
    import torch

    preset = context.preset
    x0 = torch.stack([context.latents[i].sample(generator) for i in batch.pictures])
    noise = torch.randn(x0.shape, generator=generator)
    if preset.noise_offset:
        noise = noise + preset.noise_offset * torch.randn((*x0.shape[:2], 1, 1), generator=generator)
    level = torch.rand(len(x0), generator=generator, dtype=torch.float64) ** (1 / preset.noisy)
    return x0, noise, (level * context.diffusion.steps).long()


def _with_companions(context: StepContext, captions: Sequence[str], generator: torch.Generator) -> list[str]:
    """Activates the companions at random weights; returns captions with the triggers of those that are active."""
    import numpy as np
    import torch

    companions = context.companions
    if not companions.triggers:
        return list(captions)
    weights = random_weights(len(companions.triggers), generator)
    companions.set_weights(weights)
    active = [trigger for trigger, weight in zip(companions.triggers, weights, strict=True) if weight]
    rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    return [with_triggers(caption, active, context.preset.variety.keep, rng) for caption in captions]


def _regions(things: Tensor, masks: Tensor, preserved: Tensor, outside: Outside) -> tuple[Tensor, Tensor]:
    """By image and latent cell (N, 1, h, w): the photo's share of the target, the rest being the base's, and the cell's weight.

    `things` is the thing's share of each cell, `masks` each cell's own weight; `preserved` (N,) images have the base's
    prediction as their whole target, and no mask.
    """
    import torch

    whole = torch.ones_like(things)
    photo_share = things if outside == "base" else whole
    cells = masks * things if outside == "nothing" else masks
    preserved = preserved.view(-1, 1, 1, 1)
    return torch.where(preserved, 0.0, photo_share), torch.where(preserved, 1.0, cells)


def _loss(
    context: StepContext,
    described: Description,
    x0: Tensor,
    noise: Tensor,
    t: Tensor,
    weights: Tensor,
    photo_share: Tensor,
    cells: Tensor,
) -> Tensor:
    """The denoising loss of a part of a batch; of the target, 1 - `photo_share` is the base's prediction without the trigger."""
    gamma = context.preset.min_snr_gamma
    x_t, target = context.diffusion.add_noise(x0, noise, t), context.diffusion.target(x0, noise, t)
    partly_base = (photo_share < 1).flatten(1).any(dim=1)
    if partly_base.any():
        plain = described.at(partly_base.tolist(), lambda caption: without_trigger(caption, context.trigger))
        base = _base_prediction(context, plain, x_t[partly_base], t[partly_base])
        target = target.clone()
        target[partly_base] = photo_share[partly_base] * target[partly_base] + (1 - photo_share[partly_base]) * base
    predicted = _predict(context, described, x_t, t)
    if gamma is not None:
        weights = weights * context.diffusion.min_snr_weights(t, gamma)
    return denoising_loss(predicted, target, weights, cells)


def _predict(context: StepContext, described: Description, x_t: Tensor, t: Tensor) -> Tensor:
    import torch

    base = context.base
    with torch.autocast(x_t.device.type, torch.bfloat16, enabled=context.bfloat16):
        text = context.texts.embed(described.captions)
        extra = {name: tensor.to(base.dtype) for name, tensor in text.extra.items()}
        conditioning = Conditioning(
            text.hidden.to(base.dtype), {**extra, **base.family.picture_conditioning(base, described.frames)}
        )
        return base.family.predict(base.denoiser, x_t, t, conditioning)


def _base_prediction(context: StepContext, described: Description, x_t: Tensor, t: Tensor) -> Tensor:
    import torch

    with torch.no_grad(), disabled_adapters(*context.base.modules.values()):
        return _predict(context, described, x_t, t).float()

"""One step of a training: what is drawn for it, the loss, the gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainers.prepare.captions import beside, without
from trainers.train.adapters import at_rest
from trainers.train.batches import Batch
from trainers.train.companion_loras import Companions, drawn_weights
from trainers.train.dataset import Dataset
from trainers.train.encoding import Latent, Texts
from trainers.train.loss import Diffusion, denoising_loss
from trainers.train.preset import Outside, Preset

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from models.base.opening import Base


@dataclass(frozen=True)
class Task:
    """All that the steps need and that does not change."""

    base: Base
    preset: Preset
    trigger: str
    diffusion: Diffusion
    dataset: Dataset
    latents: list[Latent]
    inside: list[Tensor]
    texts: Texts
    companions: Companions
    bfloat16: bool


def backward(task: Task, batch: Batch, step: int) -> Tensor:
    """Adds the gradients of one step; all that is random comes from the seed and the step's number.

    The loss, one number on the base's device, is left there: to read it would wait for the device.
    """
    import numpy as np
    import torch

    device, preset = task.base.device, task.preset
    seed = int(np.random.SeedSequence((preset.seed, step)).generate_state(1)[0])
    generator = torch.Generator().manual_seed(seed)
    x0 = torch.stack([task.latents[i].sample(generator) for i in batch.pictures])
    noise = torch.randn(x0.shape, generator=generator)
    if preset.noise_offset:
        noise = noise + preset.noise_offset * torch.randn((*x0.shape[:2], 1, 1), generator=generator)
    level = torch.rand(len(x0), generator=generator, dtype=torch.float64) ** (1 / preset.noisy)
    t = (level * task.diffusion.steps).long()
    weights = torch.tensor([preset.prior_weight if task.dataset.pictures[i].is_reg else 1.0 for i in batch.pictures])
    kept = torch.rand(len(x0), generator=generator) < preset.preserve
    shown, counted = _regions(torch.stack([task.inside[i] for i in batch.pictures]), kept, preset.outside)
    captions = _beside_companions(task, batch.captions, generator)
    said = [without(c, task.trigger) if keep else c for c, keep in zip(captions, kept.tolist(), strict=True)]
    total, size = torch.zeros((), device=device), math.ceil(len(x0) / preset.accumulate)
    for start in range(0, len(x0), size):
        part = slice(start, start + size)
        held = (x.to(device) for x in (x0[part], noise[part], t[part], weights[part], shown[part], counted[part]))
        loss = _loss(task, said[part], *held) * (len(x0[part]) / len(x0))
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.detach()
    return total


def _beside_companions(task: Task, captions: Sequence[str], generator: torch.Generator) -> list[str]:
    """Puts the companions on at weights of their own and says the triggers of those that are on."""
    import numpy as np
    import torch

    worn = task.companions
    if not worn.triggers:
        return list(captions)
    weights = drawn_weights(len(worn.triggers), generator)
    worn.wear(weights)
    words = [word for word, weight in zip(worn.triggers, weights, strict=True) if weight]
    rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    return [beside(caption, words, task.preset.variety.keep, rng) for caption in captions]


def _regions(inside: Tensor, kept: Tensor, outside: Outside) -> tuple[Tensor, Tensor]:
    """By picture and cell (N, 1, h, w): the photo's share of the target, the rest being the base's, and how much the cell counts.

    `inside` is the thing's share of each cell; of pictures that are `kept` all shall stay as the base has it."""
    import torch

    whole = torch.ones_like(inside)
    shown = inside if outside == "base" else whole
    counted = inside if outside == "nothing" else whole
    kept = kept.view(-1, 1, 1, 1)
    return torch.where(kept, 0.0, shown), torch.where(kept, 1.0, counted)


def _loss(
    task: Task, captions: Sequence[str], x0: Tensor, noise: Tensor, t: Tensor, weights: Tensor, shown: Tensor, counted: Tensor
) -> Tensor:
    """The denoising loss of a part of a batch; what is not `shown` has the base's answer without the trigger as its target."""
    gamma = task.preset.min_snr_gamma
    x_t, target = task.diffusion.add_noise(x0, noise, t), task.diffusion.target(x0, noise, t)
    left = (shown < 1).flatten(1).any(dim=1)
    if left.any():
        unsaid = [without(c, task.trigger) for c, leave in zip(captions, left.tolist(), strict=True) if leave]
        target = target.clone()
        target[left] = shown[left] * target[left] + (1 - shown[left]) * _base_says(task, unsaid, x_t[left], t[left])
    predicted = _predict(task, captions, x_t, t)
    if gamma is not None:
        weights = weights * task.diffusion.min_snr_weights(t, gamma)
    return denoising_loss(predicted, target, weights, counted)


def _predict(task: Task, captions: Sequence[str], x_t: Tensor, t: Tensor) -> Tensor:
    import torch

    unet = task.base.unet
    with torch.autocast(x_t.device.type, torch.bfloat16, enabled=task.bfloat16):
        context = task.texts.embed(captions)
        predicted: Tensor = unet(x_t.to(unet.dtype), t, context.to(unet.dtype), return_dict=False)[0]
    return predicted


def _base_says(task: Task, captions: Sequence[str], x_t: Tensor, t: Tensor) -> Tensor:
    import torch

    with torch.no_grad(), at_rest(task.base.unet), at_rest(task.base.text_encoder):
        return _predict(task, captions, x_t, t).float()

"""The optimiser, AdamW (Loshchilov and Hutter 2019), and its learning-rate schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

    from trainers.train.settings.preset import Preset

MAX_GRADIENT_NORM: Final = 1.0
"""Gradients of a step are scaled down to this Euclidean norm."""


def open_optimizer(denoiser: Sequence[Tensor], encoder: Sequence[Tensor], preset: Preset) -> Optimizer:
    """Of the parameters of both models, each at its own learning rate; those of the text encoder may be empty."""
    import torch

    groups = [{"params": denoiser, "lr": preset.learning_rate}]
    if encoder:
        groups.append({"params": encoder, "lr": preset.text_learning_rate})
    return torch.optim.AdamW(groups, weight_decay=preset.weight_decay, fused=True)


def open_schedule(optimizer: Optimizer, preset: Preset, steps: int) -> LRScheduler:
    """diffusers' schedule over `steps` steps, to be advanced after each."""
    from diffusers.optimization import get_scheduler

    warmup = warmup_steps(preset, steps)
    schedule: LRScheduler = get_scheduler(preset.schedule, optimizer, num_warmup_steps=warmup, num_training_steps=steps)
    return schedule


def warmup_steps(preset: Preset, steps: int) -> int:
    """Of `steps` steps those over which learning rates rise."""
    return round(preset.warmup * steps)


def optimizer_name(preset: Preset) -> str:
    """As a LoRA's metadata names it, in kohya's form."""
    return f"AdamW(weight_decay={preset.weight_decay})"

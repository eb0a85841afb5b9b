"""The optimiser, AdamW (Loshchilov and Hutter 2019), whose states may have 8 bits (Dettmers et al. 2022), and its learning-rate
schedule."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from models.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

    from trainers.train.settings.preset import Preset

MAX_GRADIENT_NORM: Final = 1.0
"""Gradients of a step are scaled down to this Euclidean norm."""


def open_optimizer(denoiser: Sequence[Tensor], encoder: Sequence[Tensor], preset: Preset) -> Optimizer:
    """Of the parameters of the denoiser and of all text encoders, each at its own learning rate; the latter may be none.

    Raises InputError if it comes from a library that is not installed.
    """
    import torch

    groups = [{"params": denoiser, "lr": preset.learning_rate}]
    if encoder:
        groups.append({"params": encoder, "lr": preset.text_learning_rate})
    if preset.optimizer == "adamw8bit":
        check_optimizer(preset)
        import bitsandbytes

        eight_bit: Optimizer = bitsandbytes.optim.AdamW8bit(groups, weight_decay=preset.weight_decay)
        return eight_bit
    return torch.optim.AdamW(groups, weight_decay=preset.weight_decay, fused=True)


def check_optimizer(preset: Preset) -> None:
    """Raises InputError if the optimiser comes from a library that is not installed."""
    if preset.optimizer == "adamw8bit" and find_spec("bitsandbytes") is None:
        raise InputError(
            "optimizer=adamw8bit needs bitsandbytes, which is not installed", "--set", "pip install 'huanhua[adamw8bit]'"
        )


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
    name = {"adamw": "AdamW", "adamw8bit": "AdamW8bit"}[preset.optimizer]
    return f"{name}(weight_decay={preset.weight_decay})"

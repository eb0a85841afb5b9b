"""One training loop for all of the lab's models: cosine learning rate, moving average of weights, resumable checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from studies.paperdoll.make.training.muon import Muon

WARMUP_STEPS: Final = 100
SAVE_EVERY: Final = 250
PRINT_EVERY: Final = 100
"""Steps between checkpoints, and between lines of progress."""


def train(
    model: nn.Module,
    loss: Callable[[int], Tensor],
    *,
    steps: int,
    rate: float,
    state: Path,
    ema: float | None = None,
    weight_decay: float = 0.01,
    muon: bool = False,
) -> nn.Module:
    """Minimises `loss(step)` over `model` with AdamW or Muon; returns the model, or its moving average if `ema` is given.

    `rate` is the highest learning rate, `ema` the decay of the average in (0, 1). `state` is the checkpoint file: step, weights,
    average and optimizer. It is replaced atomically, and a killed run resumes from it.
    """
    optimizer: torch.optim.Optimizer = (
        Muon(model.parameters(), lr=rate, weight_decay=weight_decay)
        if muon
        else torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=weight_decay, betas=(0.9, 0.99))
    )
    average = deepcopy(model).requires_grad_(False) if ema is not None else None
    first = _resume(state, model, average, optimizer)
    began, smoothed = time.monotonic(), 0.0
    for step in range(first, steps):
        lr = rate * min(1.0, (step + 1) / WARMUP_STEPS) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        for group in optimizer.param_groups:
            group["lr"] = lr
        value = loss(step)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if average is not None and ema is not None:
            _average(average, model, min(ema, (1 + step) / (10 + step)))
        smoothed = smoothed * 0.98 + value.item() * 0.02 if step > first else value.item()
        if (step + 1) % PRINT_EVERY == 0:
            pace = (time.monotonic() - began) / (step + 1 - first)
            print(f"{state.stem} {step + 1}/{steps} loss {smoothed:.4f} {pace:.3f} s/step", flush=True)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == steps:
            _save(state, step + 1, model, average, optimizer)
    return average if average is not None else model


@torch.no_grad()
def _average(average: nn.Module, model: nn.Module, decay: float) -> None:
    for a, b in zip(average.parameters(), model.parameters(), strict=True):
        a.lerp_(b, 1 - decay)
    for mean, now in zip(average.buffers(), model.buffers(), strict=True):
        mean.copy_(now)


def _save(path: Path, step: int, model: nn.Module, average: nn.Module | None, optimizer: torch.optim.Optimizer) -> None:
    checkpoint = {"step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    if average is not None:
        checkpoint["average"] = average.state_dict()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(checkpoint, partial)
    partial.replace(path)


def _resume(path: Path, model: nn.Module, average: nn.Module | None, optimizer: torch.optim.Optimizer) -> int:
    if not path.exists():
        return 0
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(checkpoint["model"])
    if average is not None:
        average.load_state_dict(checkpoint["average"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    return int(checkpoint["step"])

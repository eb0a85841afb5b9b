"""One training loop for all of the lab's models: cosine rate, average of weights, checkpoints that a killed run goes on from."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor, nn

from studies.paperdoll.make.training.muon import Muon


def train(
    model: nn.Module,
    loss: Callable[[int], Tensor],
    *,
    steps: int,
    rate: float,
    state: Path,
    warmup: int = 100,
    ema: float | None = None,
    weight_decay: float = 0.01,
    muon: bool = False,
    save_every: int = 250,
    say_every: int = 100,
) -> nn.Module:
    """Minimises `loss(step)` over `model` with AdamW or Muon; returns the model, or its moving average if `ema` is given.

    `state` is a file holding step, weights, average and optimizer; it is replaced whole, so that a killed run resumes from it.
    """
    optimizer: torch.optim.Optimizer = (
        Muon(model.parameters(), lr=rate, weight_decay=weight_decay)
        if muon
        else torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=weight_decay, betas=(0.9, 0.99))
    )
    average = deepcopy(model).requires_grad_(False) if ema is not None else None
    first = _resume(state, model, average, optimizer)
    began, shown = time.monotonic(), 0.0
    for step in range(first, steps):
        lr = rate * min(1.0, (step + 1) / warmup) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        for group in optimizer.param_groups:
            group["lr"] = lr
        value = loss(step)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if average is not None and ema is not None:
            _average(average, model, min(ema, (1 + step) / (10 + step)))
        shown = shown * 0.98 + value.item() * 0.02 if step > first else value.item()
        if (step + 1) % say_every == 0:
            pace = (time.monotonic() - began) / (step + 1 - first)
            print(f"{state.stem} {step + 1}/{steps} loss {shown:.4f} {pace:.3f} s/step", flush=True)
        if (step + 1) % save_every == 0 or step + 1 == steps:
            _save(state, step + 1, model, average, optimizer)
    return average if average is not None else model


@torch.no_grad()
def _average(average: nn.Module, model: nn.Module, decay: float) -> None:
    for a, b in zip(average.parameters(), model.parameters(), strict=True):
        a.lerp_(b, 1 - decay)
    for held, now in zip(average.buffers(), model.buffers(), strict=True):
        held.copy_(now)


def _save(path: Path, step: int, model: nn.Module, average: nn.Module | None, optimizer: torch.optim.Optimizer) -> None:
    held = {"step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    if average is not None:
        held["average"] = average.state_dict()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(held, partial)
    partial.replace(path)


def _resume(path: Path, model: nn.Module, average: nn.Module | None, optimizer: torch.optim.Optimizer) -> int:
    if not path.exists():
        return 0
    held = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(held["model"])
    if average is not None:
        average.load_state_dict(held["average"])
    optimizer.load_state_dict(held["optimizer"])
    return int(held["step"])

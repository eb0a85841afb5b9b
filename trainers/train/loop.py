"""The steps of a training: optimiser, checkpoints, callback."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from trainers.train.callback import TrainingCallback
from trainers.train.checkpoint import Checkpoint
from trainers.train.data.batches import Batch
from trainers.train.optimizer import MAX_GRADIENT_NORM, open_optimizer, open_schedule
from trainers.train.progress import running_mean
from trainers.train.step import StepContext, backward

if TYPE_CHECKING:
    from torch import Tensor

Report = Callable[[str, int, float, float | None], None]
"""Called with stage, steps done, running mean of the loss, and estimated seconds left."""


def run_steps(
    context: StepContext,
    plan: list[Batch],
    trainable: tuple[list[Tensor], list[Tensor]],
    checkpoint: Checkpoint,
    checkpoint_seconds: float,
    report: Report,
    callback: TrainingCallback | None,
) -> float:
    """Runs the steps of `plan` that the checkpoint lacks; returns the running mean of the loss.

    `trainable` are the parameters of the denoiser and of the text encoders. Raises InputError for a damaged checkpoint, a full
    disk, and a loss that is not finite.
    """
    import torch

    parameters = [*trainable[0], *trainable[1]]
    optimizer = open_optimizer(*trainable, context.preset)
    schedule = open_schedule(optimizer, context.preset, len(plan))
    losses = checkpoint.load(parameters, optimizer=optimizer, schedule=schedule)
    first = len(losses)
    mean = running_mean(losses)
    if callback is not None:
        callback.on_start(checkpoint.fingerprint, len(plan), tuple(losses))
        _sample(context, callback, first)
    started = saved = time.monotonic()
    for step in range(first, len(plan)):
        optimizer.zero_grad(set_to_none=True)
        loss = backward(context, plan[step], step)
        torch.nn.utils.clip_grad_norm_(parameters, MAX_GRADIENT_NORM)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise InputError(
                phrase("the training diverged at step {step}", step=step + 1), checkpoint.path.stem, "lower the learning rate"
            )
        mean = running_mean(losses[-1:], mean if step else None)
        if callback is not None:
            callback.on_step(step + 1, losses[-1])
            _sample(context, callback, step + 1)
        now = time.monotonic()
        if now - saved >= checkpoint_seconds:
            checkpoint.save(losses, parameters, optimizer=optimizer, schedule=schedule)
            saved = now
        report("training", step + 1, mean, (now - started) / (step + 1 - first) * (len(plan) - step - 1))
    return mean


def _sample(context: StepContext, callback: TrainingCallback, step: int) -> None:
    import torch

    if callback.wants_sample(step):
        # The next step activates the companions again, at weights of its own.
        context.companions.deactivate()
        with torch.no_grad():
            callback.on_sample(step)

"""What a training reports while it runs and when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Progress:
    """The state of a running training."""

    stage: str
    """"encoding 3/20" or "training"."""
    step: int
    """Steps done."""
    steps: int
    """Steps in all."""
    loss: float
    """Running mean of the loss."""
    seconds_left: float | None
    """Estimated seconds to the end; None before the first step is timed."""
    train_steps: int
    """Of all steps those on training images: images x repeats x epochs / batch."""
    reg_steps: int
    """The same of regularisation images."""


@dataclass(frozen=True)
class Trained:
    """A finished LoRA file."""

    path: Path
    """The file."""
    hash: str
    """Its `sshs_model_hash`: SHA-256 in hex over the tensors."""
    steps: int
    """Steps in all."""
    train_steps: int
    """Of all steps those on training images."""
    reg_steps: int
    """Of all steps those on regularisation images."""
    loss: float
    """Running mean of the loss at the end; NaN if the file was there already."""
    seconds: float
    """Duration of this run in seconds; 0 if the file was there already."""
    advice: tuple[str, ...]
    """What would improve the training set."""


def running_mean(losses: Sequence[float], mean: float | None = None) -> float:
    """The exponential running mean `mean` updated by `losses`; 0 if there are none."""
    for loss in losses:
        mean = loss if mean is None else 0.95 * mean + 0.05 * loss
    return mean or 0.0

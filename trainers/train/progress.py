"""What a training reports while it runs and when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Progress:
    """Where a training stands. `loss` is a running mean; `seconds_left` is None until a step has been timed.

    `train_steps` and `reg_steps` are the whole training's, counted as pictures x repeats x epochs / batch.
    """

    stage: str
    step: int
    steps: int
    loss: float
    seconds_left: float | None
    train_steps: int
    reg_steps: int


@dataclass(frozen=True)
class Trained:
    """A finished LoRA file. `hash` is its `sshs_model_hash`; `seconds` is this run's time, 0 if the file was there already.

    `advice` is what the tutorial would say about its pictures.
    """

    path: Path
    hash: str
    steps: int
    train_steps: int
    reg_steps: int
    loss: float
    seconds: float
    advice: tuple[str, ...]

"""The settings that a picture was drawn with, as any tool states them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PictureSettings:
    """The settings of one picture. None means that the text does not give the value."""

    prompt: str
    negative: str = ""
    steps: int | None = None
    sampler: str | None = None
    schedule: str | None = None
    cfg: float | None = None
    seed: int | None = None
    size: tuple[int, int] | None = None
    """Width and height in pixels."""
    model: str | None = None
    model_hash: str | None = None
    clip_skip: int = 1
    """As A1111 counts: 1 is the last layer."""
    rng: str = "GPU"
    """CPU, GPU or NV."""
    loras: Mapping[str, float] = field(default_factory=dict)
    """Weights by name."""
    text_encoder_weights: Mapping[str, float] = field(default_factory=dict)
    """Those that differ from `loras`."""
    lora_options: Mapping[str, str] = field(default_factory=dict)
    """Other settings of a LoRA's tag, as they are written."""
    lora_hashes: Mapping[str, str] = field(default_factory=dict)
    """The first 12 hex digits by name."""
    other: Mapping[str, str] = field(default_factory=dict)
    """Every other key with its text."""

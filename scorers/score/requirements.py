"""What a person requires of an image, as the study file states it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Requirements:
    """All that the study file requires; the same at every seed."""

    expression: Mapping[str, float] = field(default_factory=dict)
    """The least calibrated expression of each LoRA: 0 absent, 1 as well as the LoRA shows alone."""
    allowed: Mapping[str, float] = field(default_factory=dict)
    """What each score of the whole image is allowed, by the score's name. Its `limit` reads it: hands may be worse than the
    locked image's by as much (in [0, 1]), drift may be as much (1: the median of other seeds)."""
    extra: Mapping[str, float] = field(default_factory=dict)
    """The least that each plugged-in scorer must give, in [0, 1]."""
    distinct: tuple[str, ...] = ()
    """Face LoRAs whose figure must look more like their photos than like those of another figure's face."""

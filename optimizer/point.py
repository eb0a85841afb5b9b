"""A point of the search: what may differ between two renders of one locked seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from optimizer.regions.regions import Regions


@dataclass(frozen=True)
class Point:
    """LoRA weights by name and the CFG scale. Weights are dimensionless, usually in [0, 1]; CFG is at least 1."""

    weights: Mapping[str, float]
    cfg: float
    prompt: str = field(default="")
    """The prompt to draw; empty for the study's own (a prompt edit or the calibration's plain prompt replaces it)."""
    steps: int | None = None
    sampler: str | None = None
    """None for the study's own: a grid shows what others would draw."""
    prompt_edits: tuple[str, ...] = ()
    """Names of the edits that made the prompt."""

    def key(self) -> tuple[object, ...]:
        """Equal for points that draw the same image: weights rounded to 1e-6, zeros left out."""
        kept = tuple(sorted((name, round(w, 6)) for name, w in self.weights.items() if abs(w) >= 5e-7))
        others = tuple(value for value in (self.steps, self.sampler) if value is not None)
        return kept, round(self.cfg, 6), self.prompt, *others


@dataclass(frozen=True)
class Job:
    """One image to draw."""

    seed: int
    point: Point
    regions: Regions | None = None
    """Where LoRAs act; None for everywhere. Decides the image, but for LoRAs of weight 0."""

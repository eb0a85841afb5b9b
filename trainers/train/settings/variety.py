"""How captions vary while a LoRA is trained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variety:
    """How captions vary from step to step. Field names are part of a LoRA's metadata and of its fingerprint."""

    shuffle: bool = True
    """Whether tags after the first `keep` are shuffled."""
    keep: int = 1
    """Leading tags that stay in place: the trigger."""
    tag_dropout: float = 0.0
    """Probability in [0, 1] with which each tag but the trigger is left out."""
    dropout: float = 0.05
    """Probability in [0, 1] with which the whole caption is left out."""
    beside: tuple[str, ...] = ()
    """Triggers of LoRAs that will be active together with this one. Half of the captions contain each, so that this LoRA learns
    that they do not concern it and that its own trigger counts where they stand too."""

"""What a LoRA changes, and which of these kinds are scored."""

from __future__ import annotations

from typing import Literal, TypeGuard, get_args

LoraKind = Literal["face", "clothing", "shoes", "other"]
"""What a LoRA is trained for; "other" (a style, a detail enhancer) has no calibrated score."""

ScoredKind = Literal["face", "clothing", "shoes"]
"""The kinds that have references and a calibrated score."""


def is_kind(text: str) -> TypeGuard[LoraKind]:
    """Whether it names a kind."""
    return text in get_args(LoraKind)

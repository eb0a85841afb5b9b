"""Whose reading of a prompt is followed, and what brings two prompts of one image to an equal number of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm
from typing import TYPE_CHECKING, Final

from models.program import Program

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Reading:
    """How prompts are read."""

    program: Program = "a1111"
    """Emphasis, chunks and textual inversions are this program's."""
    padded: bool = False
    """A1111's setting "Pad prompt/negative prompt": the shorter one is filled up with empty chunks, which changes the picture."""


A1111: Final = Reading()


def repeated(hidden: Tensor, tokens: int) -> Tensor:
    """Hidden states (1, n, width) repeated to `tokens`, a multiple of n. Attention sees each token equally often, so that the
    picture is the one of the prompt alone, but for rounding."""
    return hidden.repeat(1, tokens // hidden.shape[1], 1)


def equal_tokens(*hidden: Tensor) -> int:
    """The least number of tokens to which all hidden states (1, n, width) can be repeated."""
    return lcm(*(one.shape[1] for one in hidden))


def joined(rows: Sequence[Tensor]) -> Tensor:
    """Hidden states (1, n, width) each, as rows of equally many tokens (rows, tokens, width)."""
    import torch

    tokens = equal_tokens(*rows)
    return torch.cat([repeated(row, tokens) for row in rows])

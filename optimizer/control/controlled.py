"""A denoiser that ControlNets act on: what they give for its inputs is added to its own features (Zhang et al. 2023)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Told:
    """What one ControlNet is told of a batch of images."""

    net: Callable[..., Any]
    """diffusers' ControlNetModel: (latents, time, hidden states, hint) to residuals of the denoiser's features."""
    hints: Tensor
    """(images, 3, height, width), 0 to 1."""
    strengths: Sequence[float]
    """Of each image; 0 where it does not act."""


def controlled(denoiser: Callable[..., Any], told: Sequence[Told]) -> Callable[..., Any]:
    """Called as `denoiser` is, and answers as it does; `denoiser` itself where no ControlNet acts.

    The rows of an image lie next to each other, as many of each: guided and not, one pair for each of its regions. All are told
    its hint, and the hidden states of their own prompt.
    """
    on = [one for one in told if any(one.strengths)]
    if not on:
        return denoiser

    def called(latents: Tensor, time: Tensor, hidden: Tensor, **options: Any) -> Any:
        extra: Mapping[str, Any] = {k: v for k, v in options.items() if k == "added_cond_kwargs"}
        down, mid = _summed([_residuals(one, latents, time, hidden, extra) for one in on])
        return denoiser(latents, time, hidden, down_block_additional_residuals=down, mid_block_additional_residual=mid, **options)

    return called


def _residuals(
    told: Told, latents: Tensor, time: Tensor, hidden: Tensor, extra: Mapping[str, Any]
) -> tuple[list[Tensor], Tensor]:
    """Those of a batch: of the blocks on the way down, and of the middle one."""
    rows = len(latents) // len(told.strengths)
    hints = told.hints.to(hidden.dtype).repeat_interleave(rows, dim=0)
    strengths = hidden.new_tensor(list(told.strengths)).repeat_interleave(rows).view(-1, 1, 1, 1)
    down, mid = told.net(latents, time, hidden, controlnet_cond=hints, return_dict=False, **extra)
    return [one * strengths for one in down], mid * strengths


def _summed(every: Sequence[tuple[list[Tensor], Tensor]]) -> tuple[tuple[Tensor, ...], Tensor]:
    first, *others = every
    down, mid = list(first[0]), first[1]
    for more, middle in others:
        down = [one + other for one, other in zip(down, more, strict=True)]
        mid = mid + middle
    return tuple(down), mid

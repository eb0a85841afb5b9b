"""Sizes that a UNet's levels do not divide: where it goes up a level, latents are one row or column too large for what it joins.

diffusers and ComfyUI enlarge to the wanted size and then convolve; A1111 doubles, convolves, and then cuts down. Both are
pictures; they are not the same one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


def divides(denoiser: Any, latent_shape: tuple[int, int, int]) -> bool:
    """Whether the denoiser's levels divide latents (C, h, w); of one without diffusers' levels always."""
    ups = int(getattr(denoiser, "num_upsamplers", 0))
    return not any(side % 2**ups for side in latent_shape[1:])


@contextmanager
def resized_after_convolution(denoiser: nn.Module) -> Iterator[None]:
    """While it lasts, the denoiser's upsamplers work in A1111's order."""
    handles = resize_after_convolution(denoiser)
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class Wanted:
    """Keeps the size that a call asked for until its result is there."""

    def __init__(self) -> None:
        self._size: tuple[int, int] | None = None

    def take(self, _: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self._size = tuple(args[1]) if len(args) > 1 and args[1] is not None else None
        return args[:1]

    def resize(self, _: Any, __: tuple[Any, ...], doubled: Tensor) -> Tensor:
        from torch.nn.functional import interpolate

        return doubled if self._size is None else interpolate(doubled, size=self._size, mode="nearest")


def resize_after_convolution(denoiser: Any) -> list[Any]:
    """Puts the upsamplers into A1111's order: the hooks that do it. The exported diffusers script contains this source."""
    from diffusers.models.upsampling import Upsample2D

    handles: list[Any] = []
    for module in denoiser.modules():
        if isinstance(module, Upsample2D):
            wanted = Wanted()
            handles += [module.register_forward_pre_hook(wanted.take), module.register_forward_hook(wanted.resize)]
    return handles

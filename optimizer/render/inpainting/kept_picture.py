"""The picture of which a part is redrawn, as drawing begins from it and returns to it at every step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models.precision import whole_float32
from optimizer.render.inpainting.img2img_steps import begin_at, noise_level, signal_scale, steps_of_strength
from optimizer.render.sampling.schedulers import first_noise_scale

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from models.base.family import Base
    from models.program import Program
    from optimizer.render.inpainting.base import Mask, Redrawing


@dataclass
class KeptPicture:
    """Latents outside of the mask are those of the picture at the noise level of each prediction, and its own at the end; with
    binary masks that is what diffusers' inpainting does after each step."""

    latents: Tensor
    """(1, C, h, w) of the picture, scaled for the denoiser, in float32."""
    cells: Tensor
    """(1, 1, h, w), 1 where it is redrawn."""
    strength: float
    _noise: Tensor | None = field(default=None, init=False)

    def begin(self, scheduler: Any, noise: Tensor) -> Tensor:
        """The noised picture: (1, C, h, w). The steps that are taken are laid in the scheduler."""
        self._noise = noise
        return self._noised(scheduler, 0)

    def at(self, latents: Tensor, scheduler: Any, index: int) -> Tensor:
        """What the prediction of this index is made of."""
        return self.cells * latents + (1 - self.cells) * self._noised(scheduler, index)

    def end(self, latents: Tensor) -> Tensor:
        return self.cells * latents + (1 - self.cells) * self.latents

    def _noised(self, scheduler: Any, index: int) -> Tensor:
        assert self._noise is not None
        level = noise_level(scheduler, index)
        return (self.latents + level * self._noise) * signal_scale(scheduler, level)


def laid_steps(kept: KeptPicture | None, steps: int, like: Program) -> int:
    """How many steps a scheduler is to lay where `steps` are asked for."""
    return steps if kept is None else steps_of_strength(kept.strength, steps, like)[0]


def begun(kept: KeptPicture | None, scheduler: Any, sampler: str, steps: int, noise: Tensor, like: Program) -> Tensor:
    """What drawing begins with, once `laid_steps` are laid: `noise` (B, C, h, w) at the scheduler's first level, or the picture
    with as much noise as its strength says, from which on the scheduler is left with the steps that are taken."""
    if kept is None:
        return noise * first_noise_scale(scheduler, like)
    begin_at(scheduler, sampler, steps_of_strength(kept.strength, steps, like)[1])
    return kept.begin(scheduler, noise)


def kept_picture(base: Base, redrawing: Redrawing, cells: tuple[int, int], device: torch.device) -> KeptPicture:
    """`cells` is (h, w) of the latents. The picture's latents are the mean of what the VAE gives."""
    import numpy as np
    import torch

    levels = torch.from_numpy(np.asarray(redrawing.picture.convert("RGB")).copy()).permute(2, 0, 1)[None]
    pixels = levels.float().to(device) / 127.5 - 1
    with torch.no_grad(), whole_float32():
        latents = _encoded(base, pixels).to(device, torch.float32)
    return KeptPicture(latents, _cells(redrawing.mask, cells).to(device), redrawing.strength)


def _encoded(base: Base, pixels: Tensor) -> Tensor:
    """In float32: a VAE in half precision loses more than it does when decoding, and SDXL's gives NaN."""
    import torch

    dtype = base.vae.dtype
    if dtype == torch.float16:
        base.vae.to(torch.float32)
    try:
        return base.family.encode_pixels(base, pixels.to(base.vae.dtype))[0]
    finally:
        base.vae.to(dtype)


def _cells(mask: Mask, cells: tuple[int, int]) -> Tensor:
    import torch

    h, w = cells
    shares = torch.from_numpy(mask).float().reshape(h, mask.shape[0] // h, w, mask.shape[1] // w).mean(dim=(1, 3))
    return (shares >= 0.5).float()[None, None]

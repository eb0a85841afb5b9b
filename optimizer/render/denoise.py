"""Noise to latents under classifier-free guidance (Ho and Salimans 2022), each image of a batch with its own scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor

    from models.base.family import Conditioning
    from optimizer.render.inpainting.kept_picture import KeptPicture

ALL: Final = slice(None)
Predict = Callable[["Tensor", "Tensor", "Conditioning"], "Tensor"]
"""The denoiser: latents (rows, C, h, w), a time step and the rows' conditioning to an output of the latents' shape."""


def denoise(
    predict: Predict,
    scheduler: Any,
    latents: Tensor,
    conditioning: Conditioning,
    scales: Sequence[float],
    *,
    whole_times: bool = False,
    calls: slice = ALL,
    kept: KeptPicture | None = None,
) -> Tensor:
    """Latents (B, C, h, w) in float32 through all timesteps of `scheduler`, or through `calls` of them, after those before.

    `conditioning` has two rows for each image, (negative, positive), those of one image next to each other; or the positive one
    alone where no image is guided. `scales` are the guidance scales. The scheduler computes in float32 whatever the denoiser's
    dtype, as in A1111. With `whole_times` the denoiser is given the nearest whole time step, as in ComfyUI.
    `kept` is the picture that stays outside of what is redrawn.
    """
    import torch

    rows = len(conditioning.hidden) // len(latents)
    scale = torch.tensor(list(scales), device=latents.device).view(-1, 1, 1, 1)
    for index, t in list(enumerate(scheduler.timesteps))[calls]:
        if kept is not None:
            latents = kept.at(latents, scheduler, index)
        x = scheduler.scale_model_input(latents, t).repeat_interleave(rows, dim=0)
        predicted = predict(x, t.round() if whole_times else t, conditioning).float()
        if rows == 2:
            negative, positive = predicted[::2], predicted[1::2]
            predicted = negative + scale * (positive - negative)
        latents = scheduler.step(predicted, t, latents, return_dict=False)[0]
    return latents if kept is None else kept.end(latents)

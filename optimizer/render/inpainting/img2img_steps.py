"""Which of a sampler's steps are taken where drawing begins from a picture with noise, and at which noise level each is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from optimizer.render.sampling.samplers import sampler_named

if TYPE_CHECKING:
    from models.program import Program

MOST: Final = 0.999
"""The denoising strength that A1111 counts steps by at most."""
WITH_LEVELS: Final = ("DPMSolverMultistepScheduler", "UniPCMultistepScheduler", "LCMScheduler")
WITH_ALPHAS: Final = ("DDIMScheduler", "PNDMScheduler")
UNIT_VARIANCE: Final = (*WITH_LEVELS, *WITH_ALPHAS)
"""Schedulers whose latents are signal and noise at unit variance; those of all others are signal plus noise."""


def steps_of_strength(strength: float, steps: int, like: Program) -> tuple[int, int]:
    """How many steps are laid where `steps` are asked for, and the first that is taken.

    A1111 takes the last int(strength * steps) + 1 of them; ComfyUI takes as many as are asked for, at the end of more."""
    if like == "comfyui":
        laid = max(steps, int(steps / strength))
        return laid, laid - steps
    return steps, max(0, steps - int(min(strength, MOST) * steps) - 1)


def begin_at(scheduler: Any, sampler: str, first: int) -> None:
    """Leaves the scheduler, whose steps are laid, with those from `first` on, as if they were all: multistep methods then begin
    with their first order. At least one is left."""
    import torch

    if first == 0:
        return
    stride = 2 if sampler_named(sampler).second_order else 1
    times = scheduler.timesteps
    start = min(first * stride, len(times) - 1)
    if type(scheduler).__name__ == "PNDMScheduler":
        # Its second call is at the next time step, and then takes that one again.
        start = min(start + 1, len(times) - 1)
        scheduler.timesteps = torch.cat([times[start : start + 1], times[start + 1 : start + 2], times[start + 1 :]])
        return
    scheduler.timesteps = times[start:]
    for levels in ("sigmas", "sigmas_interpol"):
        if getattr(scheduler, levels, None) is not None and type(scheduler).__name__ not in WITH_ALPHAS:
            setattr(scheduler, levels, getattr(scheduler, levels)[start:])
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)


def noise_level(scheduler: Any, index: int) -> float:
    """Of the prediction of this index among the scheduler's time steps: sigma, as k-diffusion counts. Ask right before it."""
    import torch

    kind, time = type(scheduler).__name__, scheduler.timesteps[index]
    if kind in WITH_LEVELS:
        return float(scheduler.sigmas[index])
    if kind in WITH_ALPHAS:
        alpha = float(scheduler.alphas_cumprod[int(time)])
        return math.sqrt((1 - alpha) / alpha)
    # Between two steps some take levels that only they know: they scale what the denoiser is given by 1 / sqrt(sigma^2 + 1).
    scale = float(scheduler.scale_model_input(torch.ones(1, dtype=torch.float64, device=time.device), time))
    return math.sqrt(max(0.0, scale**-2 - 1))


def signal_scale(scheduler: Any, level: float) -> float:
    """What signal and noise are scaled by at a level."""
    return 1 / math.sqrt(level**2 + 1) if type(scheduler).__name__ in UNIT_VARIANCE else 1.0

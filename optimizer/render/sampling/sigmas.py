"""Where the steps of A1111's samplers lie: falling noise levels, and the time steps that the denoiser is given with them.

A noise level is sigma = sqrt((1 - a) / a) for a cumulative alpha a of the base, as k-diffusion counts. Time steps may fall
between two whole ones, and levels between two of the base's are interpolated in their logarithms. What is laid is float32, in the
order in which k-diffusion, or ComfyUI, computes it: Brownian paths distinguish levels that differ in the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from torch import Tensor

    from models.program import Program

Schedule = Literal["uniform", "karras", "exponential"]
Times = Literal["levels", "ddim", "plms", "unipc", "lcm", "comfyui-ddim", "comfyui-unipc"]
"""How a sampler's steps lie: at noise levels, or at time steps of its own."""
RHO: Final = 7.0
"""The exponent that Karras et al. (2022) chose."""
LAST_ALPHA: Final = 4.8973451890853435e-08
"""The last cumulative alpha of a base with zero terminal SNR in A1111 and ComfyUI: sigma 4519. diffusers takes 2^-24: 4096."""
LCM_STEPS: Final = 50
"""Time steps among which latent consistency models are trained (Luo et al. 2023)."""


def base_levels(config: Mapping[str, Any], like: Program = "a1111") -> Tensor:
    """All levels of a base, rising, from the betas that a diffusers scheduler's config states: (train steps,).

    The product of alphas is taken in float64, as the original Stable Diffusion does. A1111 continues in float32; ComfyUI, in
    float64, rounds these levels and their logarithms.
    """

    alphas = _cumulative_alphas(config, like)
    return ((1 - alphas) / alphas) ** 0.5


def zero_snr_betas(config: Mapping[str, Any], like: Program = "a1111") -> list[float]:
    """The betas of a base rescaled to a zero terminal signal-to-noise ratio (Lin et al. 2023, "Common diffusion noise schedules
    and sample steps are flawed", algorithm 1), rounded as A1111 and ComfyUI round them.

    The last cumulative alpha is theirs, `LAST_ALPHA`: at 0 the largest noise level would be infinite.
    """
    import torch

    roots = _cumulative_alphas(config, like).sqrt()
    first, last = roots[0].clone(), roots[-1].clone()
    alphas = ((roots - last) * (first / (first - last))) ** 2
    alphas[-1] = LAST_ALPHA
    steps = alphas.double()
    betas: list[float] = (1 - steps / torch.cat([steps.new_ones(1), steps[:-1]])).tolist()
    return betas


def _cumulative_alphas(config: Mapping[str, Any], like: Program) -> Tensor:
    import torch

    dtype = torch.float32 if like == "a1111" else torch.float64
    if config.get("trained_betas") is not None:
        betas = torch.tensor(config["trained_betas"], dtype=torch.float64)
        return torch.cumprod(1 - betas, dim=0).to(dtype)
    count, start, end = (config[name] for name in ("num_train_timesteps", "beta_start", "beta_end"))
    if config["beta_schedule"] == "scaled_linear":
        betas = torch.linspace(start**0.5, end**0.5, count, dtype=torch.float64) ** 2
    else:
        betas = torch.linspace(start, end, count, dtype=torch.float64)
    return torch.cumprod(1 - betas, dim=0).to(dtype)


def levels(base: Tensor, schedule: Schedule, steps: int) -> Tensor:
    """`steps` levels from the base's largest to its smallest, without the zero at the end.

    `karras` is equation 5 of Karras et al., "Elucidating the design space of diffusion-based generative models" (2022).
    """
    import torch

    least, most = base[0].float().item(), base[-1].float().item()
    if schedule == "karras":
        far, near = most ** (1 / RHO), least ** (1 / RHO)
        laid: Tensor = (far + torch.linspace(0, 1, steps) * (near - far)) ** RHO
        return laid
    if schedule == "exponential":
        return torch.linspace(math.log(most), math.log(least), steps).exp()
    return at_times(base, torch.linspace(len(base) - 1, 0, steps))


def at_times(base: Tensor, times: Tensor) -> Tensor:
    """The levels at these time steps; float32."""
    logs, part = base.log().float(), times.frac()
    return ((1 - part) * logs[times.floor().long()] + part * logs[times.ceil().long()]).exp()


def times_of(base: Tensor, sigmas: Tensor) -> Tensor:
    """The time steps at which these levels lie."""
    import torch

    logs, sought = base.log().float(), sigmas.log()
    low = (torch.searchsorted(logs, sought, right=True) - 1).clamp(0, len(base) - 2)
    part = ((logs[low] - sought) / (logs[low] - logs[low + 1])).clamp(0, 1)
    return (1 - part) * low + part * (low + 1)


def nearest_times(base: Tensor, sigmas: Tensor) -> Tensor:
    """The whole time steps whose levels lie nearest to these, by their logarithms; the lower of two."""
    return (sigmas.log() - base.log().float()[:, None]).abs().argmin(dim=0)


def own_times(times: Times, train_steps: int, steps: int) -> Tensor:
    """The falling time steps at which a sampler that does not lay noise levels calls the denoiser."""
    import torch

    counted = ddim_times(train_steps, steps)
    if times == "unipc":
        return torch.linspace(train_steps - 1, 0, len(counted) + 1)[:-1]
    called = counted[:-1] if len(counted) > 1 else counted
    # PLMS begins with a step of Heun's, whose second call is at the next time step, and then takes that one again.
    return called if times == "ddim" else torch.cat([called[:1], counted[1:2], called[1:]])


def ddim_times(train_steps: int, steps: int) -> Tensor:
    """The falling time steps at which A1111's DDIM, PLMS and UniPC count their steps. Where `steps` does not divide
    `train_steps` there are more than `steps`; the last, 1, is where DDIM and PLMS stop without calling the denoiser again."""
    import torch

    rising = torch.arange(0, train_steps, max(train_steps // steps, 1)) + 1
    return rising.clip(0, train_steps - 1).flip(0)


def lcm_levels(base: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """`steps` falling levels between those of the `LCM_STEPS`, and for each the nearest of these time steps."""
    import torch

    skip = len(base) // LCM_STEPS
    learnt = base[skip - 1 :: skip].float()
    places = (torch.linspace(len(base) - 1, skip - 1, steps) - (skip - 1)) / skip
    laid = at_times(learnt, places.clamp(0, LCM_STEPS - 1))
    return laid, nearest_times(learnt, laid) * skip + skip - 1


def on_learnt_levels(steps: int) -> bool:
    """Whether all of `steps` LCM steps fall on levels that were learnt."""
    return steps == 1 or (LCM_STEPS - 1) % (steps - 1) == 0

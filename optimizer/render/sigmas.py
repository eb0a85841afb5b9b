"""Where the steps of A1111's samplers lie: falling noise levels, and the time steps that the UNet is told with them.

A noise level is sigma = sqrt((1 - a) / a) for a cumulative alpha a of the base, as k-diffusion counts. Time steps may fall
between two whole ones, and levels between two of the base's are interpolated in their logarithms. All is float32, in the order in
which k-diffusion computes it: Brownian paths tell levels apart that differ in the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from torch import Tensor

Schedule = Literal["uniform", "karras", "exponential"]
RHO: Final = 7.0
"""The exponent that Karras et al. (2022) chose."""


def base_levels(config: Mapping[str, Any]) -> Tensor:
    """All levels of a base, rising, from the betas that a diffusers scheduler's config states; float32 (train steps,).

    The product of alphas is taken in float64, as the original Stable Diffusion does.
    """
    import torch

    count, start, end = (config[name] for name in ("num_train_timesteps", "beta_start", "beta_end"))
    if config.get("trained_betas") is not None:
        betas = torch.tensor(config["trained_betas"], dtype=torch.float64)
    elif config["beta_schedule"] == "scaled_linear":
        betas = torch.linspace(start**0.5, end**0.5, count, dtype=torch.float64) ** 2
    else:
        betas = torch.linspace(start, end, count, dtype=torch.float64)
    alphas = torch.cumprod(1 - betas, dim=0).float()
    return ((1 - alphas) / alphas) ** 0.5


def levels(base: Tensor, schedule: Schedule, steps: int) -> Tensor:
    """`steps` levels from the base's largest to its smallest, without the zero at the end.

    `karras` is equation 5 of Karras et al., "Elucidating the design space of diffusion-based generative models" (2022).
    """
    import torch

    least, most = base[0].item(), base[-1].item()
    if schedule == "karras":
        far, near = most ** (1 / RHO), least ** (1 / RHO)
        laid: Tensor = (far + torch.linspace(0, 1, steps) * (near - far)) ** RHO
        return laid
    if schedule == "exponential":
        return torch.linspace(math.log(most), math.log(least), steps).exp()
    return at_times(base, torch.linspace(len(base) - 1, 0, steps))


def at_times(base: Tensor, times: Tensor) -> Tensor:
    """The levels at these time steps."""
    logs, part = base.log(), times.frac()
    return ((1 - part) * logs[times.floor().long()] + part * logs[times.ceil().long()]).exp()


def times_of(base: Tensor, sigmas: Tensor) -> Tensor:
    """The time steps at which these levels lie."""
    import torch

    logs, sought = base.log(), sigmas.log()
    low = (torch.searchsorted(logs, sought, right=True) - 1).clamp(0, len(base) - 2)
    part = ((logs[low] - sought) / (logs[low] - logs[low + 1])).clamp(0, 1)
    return (1 - part) * low + part * (low + 1)


def ddim_times(train_steps: int, steps: int) -> Tensor:
    """The falling time steps at which A1111's DDIM, PLMS and UniPC count their steps. Where `steps` does not divide
    `train_steps` there are more than `steps`; the last, 1, is where DDIM and PLMS stop without calling the UNet again."""
    import torch

    rising = torch.arange(0, train_steps, max(train_steps // steps, 1)) + 1
    return rising.clip(0, train_steps - 1).flip(0)


def lcm_times(train_steps: int, steps: int, known: int = 50) -> Tensor:
    """`steps` falling time steps among the `known` ones that latent consistency models learn (Luo et al. 2023)."""
    import torch

    skip = train_steps // known
    return ((torch.linspace(known - 1, 0, steps)).round().long() + 1) * skip - 1

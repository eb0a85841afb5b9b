"""Where diffusers' schedulers differ from the equations that A1111 computes: each corrects one scheduler in place.

The exported diffusers script contains the source of these functions: what they use is imported in them, or is `torch`, `Any`,
`Tensor`, `Callable` or `Sequence`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def walk_brownian_paths(scheduler: Any, seeds: Sequence[int]) -> None:
    """The multistep SDE solvers of k-diffusion draw along Brownian paths in sigma; diffusers' draw anew each step."""
    from diffusers.schedulers.scheduling_dpmsolver_sde import BrownianTreeNoiseSampler

    plain, path = scheduler.step, None

    def step(model_output: Tensor, timestep: Any, sample: Tensor, return_dict: bool = True) -> Any:
        nonlocal path
        if scheduler.step_index is None:
            scheduler._init_step_index(timestep)
        if path is None or scheduler.step_index == 0:
            used = scheduler.sigmas[scheduler.sigmas > 0]
            path = BrownianTreeNoiseSampler(sample.float(), used.min(), used.max(), list(seeds))
        here, there = scheduler.sigmas[scheduler.step_index : scheduler.step_index + 2]
        noise = path(here, there) if there > 0 else sample.new_zeros(sample.shape)
        return plain(model_output, timestep, sample, variance_noise=noise, return_dict=return_dict)

    scheduler.step = step


def correct_third_order(scheduler: Any) -> None:
    """diffusers' third-order SDE update has the sign of one half wrong, so that its correction by the second difference D2 does
    not vanish with the step. Lu et al., "DPM-Solver++" (2022), and k-diffusion have it right: one alpha * D2 more."""
    plain = scheduler.multistep_dpm_solver_third_order_update

    def update(outputs: list[Tensor], *, sample: Tensor, noise: Tensor) -> Tensor:
        sigmas = scheduler.sigmas[scheduler.step_index - 2 : scheduler.step_index + 2]
        last_but_one, last, step = sigmas.log().diff().neg()
        r0, r1 = last / step, last_but_one / step
        second = ((outputs[-1] - outputs[-2]) / r0 - (outputs[-2] - outputs[-3]) / r1) / (r0 + r1)
        corrected: Tensor = plain(outputs, sample=sample, noise=noise) + second / (sigmas[-1] ** 2 + 1) ** 0.5
        return corrected

    scheduler.multistep_dpm_solver_third_order_update = update


def aim_from_start(scheduler: Any) -> None:
    """Makes DPM2 a into DPM++ 2S a (Lu et al. 2022): both look ahead at the middle level, but the clean image seen there is aimed
    at from where the step began."""
    plain: Callable[..., Any] = scheduler.step

    def step(model_output: Tensor, timestep: Any, sample: Tensor, generator: Any = None, return_dict: bool = True) -> Any:
        if not scheduler.state_in_first_order:
            index = scheduler.step_index - 1
            middle, start = scheduler.sigmas_interpol[index], scheduler.sigmas[index]
            scale = middle / (middle**2 + 1) ** 0.5
            if scheduler.config.prediction_type == "v_prediction":
                clean = sample / (middle**2 + 1) - scale * model_output
                slope = (scheduler.sample - clean) / start
                model_output = (sample / (middle**2 + 1) - sample + middle * slope) / scale
            else:
                model_output = (scheduler.sample - sample + middle * model_output) / start
        return plain(model_output, timestep, sample, generator=generator, return_dict=return_dict)

    scheduler.step = step


def step_between_learnt_levels(scheduler: Any) -> None:
    """A1111's LCM (Luo et al. 2023) steps between any levels, diffusers' between those that were learnt: only what the denoiser
    and the boundary conditions are given is rounded to these."""

    def step(
        model_output: Tensor, timestep: Any, sample: Tensor, generator: Any = None, return_dict: bool = True
    ) -> tuple[Tensor, Tensor]:
        from diffusers.schedulers import scheduling_lcm

        if scheduler.step_index is None:
            scheduler._init_step_index(timestep)
        sigma = scheduler.sigmas[scheduler.step_index].to(sample)
        c_skip, c_out = scheduler.get_scalings_for_boundary_condition_discrete(timestep)
        noised = sample * (1 + sigma**2) ** 0.5
        clean = c_out * (noised - sigma * model_output) + c_skip * noised
        if scheduler.config.prediction_type == "v_prediction":
            clean = c_out * (sample - sigma * model_output) / (1 + sigma**2) ** 0.5 + c_skip * noised
        scheduler._step_index += 1
        if scheduler.step_index == len(scheduler.sigmas):
            return clean, clean
        noise = scheduling_lcm.randn_tensor(clean.shape, generator=generator, device=clean.device, dtype=clean.dtype)
        following = scheduler.sigmas[scheduler.step_index].to(sample)
        return (clean + following * noise) / (1 + following**2) ** 0.5, clean

    scheduler.step = step


def end_with_an_euler_step(scheduler: Any) -> None:
    """The last step of ComfyUI's LMS takes the clean image that the denoiser sees."""
    plain = scheduler.step

    def step(model_output: Tensor, timestep: Any, sample: Tensor, return_dict: bool = True) -> Any:
        if scheduler.step_index is None:
            scheduler._init_step_index(timestep)
        order = 1 if scheduler.sigmas[scheduler.step_index + 1] == 0 else 4
        return plain(model_output, timestep, sample, order=order, return_dict=return_dict)

    scheduler.step = step

"""diffusers schedulers for A1111's samplers, at the noise levels that A1111 gives them."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from optimizer.render.sampling.comfyui_sampling import UNIPC_END, as_comfyui_draws, ddim_levels, first_scale
from optimizer.render.sampling.samplers import DiffusionSampler, sampler_named
from optimizer.render.sampling.scheduler_corrections import (
    aim_from_start,
    correct_third_order,
    end_with_an_euler_step,
    step_between_learnt_levels,
    walk_brownian_paths,
)
from optimizer.render.sampling.sigmas import (
    at_times,
    base_levels,
    lcm_levels,
    levels,
    nearest_times,
    own_times,
    times_of,
    zero_snr_betas,
)

if TYPE_CHECKING:
    from torch import Tensor

    from models.program import Program

BASE_SETTINGS: Final = (
    "num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "prediction_type", "steps_offset", "trained_betas",
)  # fmt: skip
"""What a scheduler takes over from the base's."""
_MULTISTEP, _ANCESTRAL_2S = "DPMSolverMultistepScheduler", "DPM++ 2S a"


def make_scheduler(name: str, schedule: Mapping[str, Any], seeds: Sequence[int], like: Program = "a1111") -> Any:
    """A fresh scheduler on the base's betas and prediction type (`Base.schedule`); `seeds`, one an image, drive those that draw
    along Brownian paths.

    Its `set_timesteps(steps, device)` lays the levels that A1111, or ComfyUI if `like` says so, lays for as many steps;
    `first_noise_scale` is what the first noise is scaled by.
    """
    sampler = sampler_named(name) if like == "a1111" else as_comfyui_draws(name, sampler_named(name))
    options = {key: schedule[key] for key in BASE_SETTINGS if schedule.get(key) is not None} | sampler.options
    if schedule.get("rescale_betas_zero_snr"):
        # Some of diffusers' schedulers lack the setting, and those that have it end at other levels than A1111 does.
        options["trained_betas"] = zero_snr_betas(options, like)
    scheduler = copy.deepcopy(_built(sampler.scheduler, json.dumps(options)))
    if sampler.scheduler == "DPMSolverSDEScheduler":
        scheduler.noise_sampler_seed = list(seeds)
    if sampler.seeded:
        # torchsde rounds the ends of a path to its tolerance, and clamps a level that lies 1e-7 beyond: with a warning.
        warnings.filterwarnings("ignore", message="Should have t[ab]", category=UserWarning)
    if sampler.times == "levels":
        _lay_levels(scheduler, sampler, like)
    else:
        _lay_times(scheduler, sampler, like)
    if sampler.scheduler == _MULTISTEP and sampler.seeded:
        walk_brownian_paths(scheduler, seeds)
        correct_third_order(scheduler)
    if name.startswith(_ANCESTRAL_2S):
        aim_from_start(scheduler)
    if sampler.times == "lcm":
        step_between_learnt_levels(scheduler)
    if sampler.scheduler == "LMSDiscreteScheduler" and like == "comfyui":
        end_with_an_euler_step(scheduler)
    return scheduler


def first_noise_scale(scheduler: Any, like: Program = "a1111") -> float:
    """What the first noise is scaled by, once `set_timesteps` was called."""
    if like == "comfyui":
        return first_scale(scheduler, float(base_levels(scheduler.config, like)[-1]))
    return float(scheduler.init_noise_sigma)


@lru_cache(maxsize=32)
def _built(kind: str, options: str) -> Any:
    """Cached, since diffusers takes as long to build some schedulers as a device takes for several steps."""
    import diffusers

    return getattr(diffusers, kind).from_config(json.loads(options))


def _lay_levels(scheduler: Any, sampler: DiffusionSampler, like: Program) -> None:
    base, plain = base_levels(scheduler.config, like), scheduler.set_timesteps

    def chosen(steps: int) -> Tensor:
        return levels(base, sampler.schedule, steps + 1)[:-1] if sampler.spare else levels(base, sampler.schedule, steps)

    def set_timesteps(num_inference_steps: int, device: Any = None) -> None:
        plain(num_inference_steps, device=device)
        if not sampler.second_order:
            laid = chosen(num_inference_steps)
            _write(scheduler, laid, 0.0, times_of(base, laid) if like == "a1111" else nearest_times(base, laid), device)
        elif like == "comfyui" and sampler.scheduler == "HeunDiscreteScheduler":
            laid = scheduler.sigmas[:-1].cpu()
            _write(scheduler, laid, 0.0, nearest_times(base, laid), device)

    if sampler.second_order:
        # These lay levels of their own between the given ones, each in its way, and take others in this one place only.
        scheduler.register_to_config(use_exponential_sigmas=True)
    scheduler._convert_to_exponential = lambda in_sigmas, num_inference_steps: chosen(num_inference_steps).numpy()
    scheduler.set_timesteps = set_timesteps
    if sampler.scheduler == _MULTISTEP:
        _begin_at_the_largest_level(scheduler, base)


def _lay_times(scheduler: Any, sampler: DiffusionSampler, like: Program) -> None:
    import torch

    base, plain = base_levels(scheduler.config, like), scheduler.set_timesteps

    def set_timesteps(num_inference_steps: int, device: Any = None) -> None:
        plain(num_inference_steps, device=device)
        if sampler.times == "lcm":
            laid, nearest = lcm_levels(base, num_inference_steps)
            scheduler.sigmas, scheduler.timesteps = laid, nearest.to(device)
        elif sampler.times == "comfyui-ddim":
            laid = ddim_levels(base, num_inference_steps)
            _write(scheduler, laid, 0.0, nearest_times(base, laid), device)
        elif sampler.times == "comfyui-unipc":
            laid = levels(base, "uniform", num_inference_steps + 1)[:-1]
            _write(scheduler, laid, UNIPC_END, nearest_times(base, laid), device)
        else:
            times = own_times(sampler.times, len(base), num_inference_steps)
            if sampler.times == "unipc":
                _write(scheduler, at_times(base, times), float(base[0]), times, device)
            else:
                scheduler.timesteps = times.to(device)

    scheduler.set_timesteps = set_timesteps
    if sampler.times == "plms":
        # Where A1111 cuts the first time step off at the last of the base's, diffusers reads one further.
        scheduler.alphas_cumprod = torch.cat([scheduler.alphas_cumprod, scheduler.alphas_cumprod[-1:]])
    if sampler.times == "lcm":
        _begin_at_the_largest_level(scheduler, base)


def _write(scheduler: Any, sigmas: Tensor, last: float, times: Tensor, device: Any) -> None:
    import torch

    scheduler.sigmas = torch.cat([sigmas, sigmas.new_tensor([last])])
    # Whole ones too are floats: diffusers takes integers for indices.
    scheduler.timesteps = times.float().to(device)
    scheduler.num_inference_steps = len(times)
    # Of two equal times, where many steps share the base's, diffusers would begin at the second.
    scheduler.set_begin_index(0)


def _begin_at_the_largest_level(scheduler: Any, base: Tensor) -> None:
    """These schedulers keep signal and noise at unit variance and take the first noise to be all of it; A1111 does not."""
    scheduler.init_noise_sigma = float(base[-1] / (1 + base[-1] ** 2).sqrt())

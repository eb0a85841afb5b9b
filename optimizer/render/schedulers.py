"""A1111's sampler names and the diffusers schedulers that follow the same equations, at the noise levels that A1111 gives them.

A name is a method with the schedule type as its suffix ("DPM++ 2M Karras"); without one the levels are "Uniform". A1111 since 1.9
means those only where it says "Uniform": its "Automatic" is Karras or Exponential for most of the DPM family.
"""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from models.errors import InputError
from optimizer.render.sigmas import Schedule, at_times, base_levels, ddim_times, lcm_times, levels, times_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class DiffusionSampler:
    scheduler: str
    options: dict[str, Any] = field(default_factory=dict)
    seeded: bool = False
    """Draws its noise along one Brownian path an image and takes one seed an image."""
    halves: bool = False
    """Calls the UNet twice a step, and once in the last."""
    spare: bool = False
    """One level more is laid and the last but one left out, as A1111 does for some methods."""
    schedule: Schedule = "uniform"
    times: Literal["levels", "ddim", "plms", "unipc", "lcm"] = "levels"
    """How its steps lie: at noise levels, or at time steps of its own."""


_MULTI: Final = {"algorithm_type": "dpmsolver++", "lower_order_final": False}
_SDE: Final = _MULTI | {"algorithm_type": "sde-dpmsolver++"}
_MULTISTEP, _ANCESTRAL_2S = "DPMSolverMultistepScheduler", "DPM++ 2S a"

_METHODS: Final = {
    "DPM++ 2M": DiffusionSampler(_MULTISTEP, _MULTI),
    "DPM++ SDE": DiffusionSampler("DPMSolverSDEScheduler", seeded=True, halves=True),
    "DPM++ 2M SDE": DiffusionSampler(_MULTISTEP, _SDE, seeded=True),
    "DPM++ 2M SDE Heun": DiffusionSampler(_MULTISTEP, _SDE | {"solver_type": "heun"}, seeded=True),
    _ANCESTRAL_2S: DiffusionSampler("KDPM2AncestralDiscreteScheduler", halves=True),
    "DPM++ 3M SDE": DiffusionSampler(_MULTISTEP, _SDE | {"solver_order": 3, "solver_type": "heun"}, seeded=True, spare=True),
    "Euler a": DiffusionSampler("EulerAncestralDiscreteScheduler"),
    "Euler": DiffusionSampler("EulerDiscreteScheduler"),
    "LMS": DiffusionSampler("LMSDiscreteScheduler"),
    "Heun": DiffusionSampler("HeunDiscreteScheduler", halves=True),
    "DPM2": DiffusionSampler("KDPM2DiscreteScheduler", halves=True, spare=True),
    "DPM2 a": DiffusionSampler("KDPM2AncestralDiscreteScheduler", halves=True, spare=True),
}
_UNIPC: Final = {"solver_order": 3, "solver_type": "bh1", "lower_order_final": True, "final_sigmas_type": "sigma_min"}
_PLMS: Final = {"skip_prk_steps": True, "set_alpha_to_one": False}
_SCHEDULES: Final[dict[str, Schedule]] = {"": "uniform", " Karras": "karras", " Exponential": "exponential"}
SAMPLERS: Final[dict[str, DiffusionSampler]] = {
    f"{name}{suffix}": replace(method, schedule=schedule)
    for name, method in _METHODS.items()
    for suffix, schedule in _SCHEDULES.items()
} | {
    "DDIM": DiffusionSampler("DDIMScheduler", {"clip_sample": False, "set_alpha_to_one": False}, times="ddim"),
    "PLMS": DiffusionSampler("PNDMScheduler", _PLMS, times="plms"),
    "UniPC": DiffusionSampler("UniPCMultistepScheduler", _UNIPC, times="unipc"),
    "LCM": DiffusionSampler("LCMScheduler", times="lcm"),
}
_NEAREST: Final = {
    "DPM adaptive": "DPM++ 2M Karras",
    "DPM fast": "DPM++ 2M Karras",
    "Restart": "DPM++ SDE Karras",
    "DDIM CFG++": "DDIM",
}
"""What A1111 offers and diffusers has no equations for."""


def sampler_named(name: str) -> DiffusionSampler:
    """Raises InputError for a name that is unknown or has no scheduler in diffusers."""
    if name not in SAMPLERS:
        for known, near in _NEAREST.items():
            if name == known or name.startswith(f"{known} "):
                raise InputError(f"sampler '{known}' cannot be followed here", "render.sampler", f"the nearest is '{near}'")
        raise InputError(f"unknown sampler '{name}'", "render.sampler", f"use one of: {', '.join(SAMPLERS)}")
    return SAMPLERS[name]


def calls(name: str, steps: int, train_steps: int = 1000) -> int:
    """How often `steps` steps call the UNet. Raises InputError if the sampler cannot make so many."""
    sampler = sampler_named(name)
    most = 50 if sampler.times == "lcm" else train_steps
    if not 1 <= steps <= most:
        raise InputError(f"{steps} steps of {name}", "render.steps", f"use 1 to {most}")
    if sampler.times == "levels":
        return 2 * steps - 1 if sampler.halves else steps
    return len(_times(sampler, train_steps, steps))


def make_scheduler(name: str, schedule: dict[str, Any], seeds: Sequence[int]) -> Any:
    """A fresh scheduler on the base's betas and prediction type; `seeds` drive those that draw along Brownian paths.

    Its `set_timesteps(steps, device)` lays the levels that A1111 lays for as many steps; `init_noise_sigma` is what A1111 scales
    the first noise by.
    """
    sampler = sampler_named(name)
    kept = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "prediction_type", "steps_offset", "trained_betas")
    options = {key: schedule[key] for key in kept if schedule.get(key) is not None} | sampler.options
    scheduler = copy.deepcopy(_built(sampler.scheduler, json.dumps(options)))
    if sampler.scheduler == "DPMSolverSDEScheduler":
        scheduler.noise_sampler_seed = list(seeds)
    if sampler.seeded:
        # torchsde rounds the ends of a path to its tolerance, and clamps a level that lies 1e-7 beyond: with a warning.
        warnings.filterwarnings("ignore", message="Should have t[ab]", category=UserWarning)
    if sampler.times == "levels":
        _lay_levels(scheduler, sampler)
    else:
        _lay_times(scheduler, sampler)
    if sampler.scheduler == _MULTISTEP and sampler.seeded:
        _walk_brownian_paths(scheduler, seeds)
        _mend_the_third_order(scheduler)
    if name.startswith(_ANCESTRAL_2S):
        _aim_from_the_start(scheduler)
    return scheduler


@lru_cache(maxsize=32)
def _built(kind: str, options: str) -> Any:
    """Kept, since diffusers takes as long to build some schedulers as a device takes for several steps."""
    import diffusers

    return getattr(diffusers, kind).from_config(json.loads(options))


def _lay_levels(scheduler: Any, sampler: DiffusionSampler) -> None:
    base, plain = base_levels(scheduler.config), scheduler.set_timesteps

    def chosen(steps: int) -> Tensor:
        return levels(base, sampler.schedule, steps + 1)[:-1] if sampler.spare else levels(base, sampler.schedule, steps)

    def set_timesteps(num_inference_steps: int, device: Any = None) -> None:
        plain(num_inference_steps, device=device)
        if not sampler.halves:
            laid = chosen(num_inference_steps)
            _write(scheduler, laid, 0.0, times_of(base, laid), device)

    if sampler.halves:
        # These lay levels of their own between the given ones, each in its way, and have one door by which they take any.
        scheduler.register_to_config(use_exponential_sigmas=True)
    scheduler._convert_to_exponential = lambda in_sigmas, num_inference_steps: chosen(num_inference_steps).numpy()
    scheduler.set_timesteps = set_timesteps
    if sampler.scheduler == _MULTISTEP:
        _begin_at_the_largest_level(scheduler, base)


def _lay_times(scheduler: Any, sampler: DiffusionSampler) -> None:
    import torch

    base, plain = base_levels(scheduler.config), scheduler.set_timesteps

    def set_timesteps(num_inference_steps: int, device: Any = None) -> None:
        plain(num_inference_steps, device=device)
        times = _times(sampler, len(base), num_inference_steps)
        if sampler.times == "unipc":
            _write(scheduler, at_times(base, times), float(base[0]), times, device)
        else:
            scheduler.timesteps = times.to(device)

    scheduler.set_timesteps = set_timesteps
    if sampler.times == "plms":
        # Where A1111 cuts the first time step off at the last of the base's, diffusers looks one further.
        scheduler.alphas_cumprod = torch.cat([scheduler.alphas_cumprod, scheduler.alphas_cumprod[-1:]])
    if sampler.times == "lcm":
        _begin_at_the_largest_level(scheduler, base)


def _times(sampler: DiffusionSampler, train_steps: int, steps: int) -> Tensor:
    import torch

    if sampler.times == "lcm":
        return lcm_times(train_steps, steps)
    counted = ddim_times(train_steps, steps)
    if sampler.times == "unipc":
        return torch.linspace(train_steps - 1, 0, len(counted) + 1)[:-1]
    called = counted[:-1] if len(counted) > 1 else counted
    # PLMS begins with a step of Heun's, whose second call is at the next time step, and then takes that one again.
    return called if sampler.times == "ddim" else torch.cat([called[:1], counted[1:2], called[1:]])


def _write(scheduler: Any, sigmas: Tensor, last: float, times: Tensor, device: Any) -> None:
    import torch

    scheduler.sigmas = torch.cat([sigmas, sigmas.new_tensor([last])])
    scheduler.timesteps = times.to(device)
    scheduler.num_inference_steps = len(times)


def _begin_at_the_largest_level(scheduler: Any, base: Tensor) -> None:
    """These schedulers keep signal and noise at unit variance and take the first noise to be all of it; A1111 does not."""
    scheduler.init_noise_sigma = float(base[-1] / (1 + base[-1] ** 2).sqrt())


def _walk_brownian_paths(scheduler: Any, seeds: Sequence[int]) -> None:
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


def _mend_the_third_order(scheduler: Any) -> None:
    """diffusers' third-order SDE update has the sign of one half wrong, so that its correction by the second difference D2 does
    not vanish with the step. Lu et al., "DPM-Solver++" (2022), and k-diffusion have it right: one alpha * D2 more."""
    plain = scheduler.multistep_dpm_solver_third_order_update

    def update(outputs: list[Tensor], *, sample: Tensor, noise: Tensor) -> Tensor:
        sigmas = scheduler.sigmas[scheduler.step_index - 2 : scheduler.step_index + 2]
        last_but_one, last, step = sigmas.log().diff().neg()
        r0, r1 = last / step, last_but_one / step
        second = ((outputs[-1] - outputs[-2]) / r0 - (outputs[-2] - outputs[-3]) / r1) / (r0 + r1)
        mended: Tensor = plain(outputs, sample=sample, noise=noise) + second / (sigmas[-1] ** 2 + 1) ** 0.5
        return mended

    scheduler.multistep_dpm_solver_third_order_update = update


def _aim_from_the_start(scheduler: Any) -> None:
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

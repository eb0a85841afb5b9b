"""A1111's sampler names, and the diffusers scheduler that follows the equations of each.

A name is a method with the schedule type as its suffix ("DPM++ 2M Karras"); without one the levels are "Uniform". A1111 since 1.9
means those only where it shows "Uniform": its "Automatic" is Karras or Exponential for most of the DPM family. To add a sampler:
write its line in `_METHODS` or `SAMPLERS`; `optimizer.render.sampling.schedulers` lays its levels.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.sampling.sigmas import LCM_STEPS, Schedule, Times, own_times


@dataclass(frozen=True)
class DiffusionSampler:
    """How images are drawn under one of A1111's names."""

    scheduler: str
    """The class in diffusers."""
    options: dict[str, Any] = field(default_factory=dict)
    """Its settings, in addition to those of the base."""
    seeded: bool = False
    """Draws its noise along one Brownian path an image and takes one seed an image."""
    second_order: bool = False
    """Calls the denoiser twice a step, and once in the last."""
    spare: bool = False
    """One level more is laid and the last but one left out, as A1111 does for some methods."""
    schedule: Schedule = "uniform"
    times: Times = "levels"
    """How its steps lie: at noise levels, or at time steps of its own."""


_MULTI: Final = {"algorithm_type": "dpmsolver++", "lower_order_final": False}
_SDE: Final = _MULTI | {"algorithm_type": "sde-dpmsolver++"}
_MULTISTEP, _ANCESTRAL_2S = "DPMSolverMultistepScheduler", "DPM++ 2S a"

_METHODS: Final = {
    "DPM++ 2M": DiffusionSampler(_MULTISTEP, _MULTI),
    "DPM++ SDE": DiffusionSampler("DPMSolverSDEScheduler", seeded=True, second_order=True),
    "DPM++ 2M SDE": DiffusionSampler(_MULTISTEP, _SDE, seeded=True),
    "DPM++ 2M SDE Heun": DiffusionSampler(_MULTISTEP, _SDE | {"solver_type": "heun"}, seeded=True),
    _ANCESTRAL_2S: DiffusionSampler("KDPM2AncestralDiscreteScheduler", second_order=True),
    "DPM++ 3M SDE": DiffusionSampler(_MULTISTEP, _SDE | {"solver_order": 3, "solver_type": "heun"}, seeded=True, spare=True),
    "Euler a": DiffusionSampler("EulerAncestralDiscreteScheduler"),
    "Euler": DiffusionSampler("EulerDiscreteScheduler"),
    "LMS": DiffusionSampler("LMSDiscreteScheduler"),
    "Heun": DiffusionSampler("HeunDiscreteScheduler", second_order=True),
    "DPM2": DiffusionSampler("KDPM2DiscreteScheduler", second_order=True, spare=True),
    "DPM2 a": DiffusionSampler("KDPM2AncestralDiscreteScheduler", second_order=True, spare=True),
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
"""Samplers of A1111 whose equations diffusers does not have, and the nearest that it has."""


def sampler_named(name: str) -> DiffusionSampler:
    """Raises InputError for a name that is unknown or has no scheduler in diffusers."""
    if name not in SAMPLERS:
        for method, nearest in _NEAREST.items():
            if name == method or name.startswith(f"{method} "):
                raise InputError(
                    phrase("sampler '{method}' cannot be followed here", method=method),
                    "render.sampler",
                    phrase("the nearest is '{nearest}'", nearest=nearest),
                )
        near = get_close_matches(name, SAMPLERS, n=3, cutoff=0.0)
        mend = phrase("the nearest are {near}; docs/rendering.md names all {count}", near=", ".join(near), count=len(SAMPLERS))
        raise InputError(phrase("unknown sampler '{name}'", name=name), "render.sampler", mend)
    return SAMPLERS[name]


def calls(name: str, steps: int, train_steps: int = 1000) -> int:
    """How often `steps` steps call the denoiser. Raises InputError if the sampler cannot make so many."""
    sampler = sampler_named(name)
    most = LCM_STEPS if sampler.times == "lcm" else train_steps
    if not 1 <= steps <= most:
        raise InputError(
            phrase("{steps} steps of {name}", steps=steps, name=name), "render.steps", phrase("use 1 to {most}", most=most)
        )
    if sampler.times in ("levels", "lcm"):
        return 2 * steps - 1 if sampler.second_order else steps
    return len(own_times(sampler.times, train_steps, steps))


def steps_of_calls(name: str, count: int) -> list[int]:
    """The step, from 0 on, that each of `count` calls of the denoiser belongs to: A1111 counts steps, some samplers call twice in
    one. `count` is the length of a scheduler's time steps."""
    sampler = SAMPLERS[name]
    if sampler.second_order:
        return [call // 2 for call in range(count)]
    if sampler.times == "plms":
        return [max(call - 1, 0) for call in range(count)]
    return list(range(count))

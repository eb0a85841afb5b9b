"""A1111's sampler names and the diffusers schedulers that follow the same equations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from models.errors import InputError


@dataclass(frozen=True)
class DiffusionSampler:
    scheduler: str
    options: dict[str, Any] = field(default_factory=dict)
    seeded: bool = False
    """The scheduler draws its own noise and takes one seed an image."""


_SDE = "dpmsolver++"
SAMPLERS: Final[dict[str, DiffusionSampler]] = {
    "DPM++ 2M": DiffusionSampler("DPMSolverMultistepScheduler", {"algorithm_type": _SDE, "use_karras_sigmas": False}),
    "DPM++ 2M Karras": DiffusionSampler("DPMSolverMultistepScheduler", {"algorithm_type": _SDE, "use_karras_sigmas": True}),
    "DPM++ SDE": DiffusionSampler("DPMSolverSDEScheduler", {"use_karras_sigmas": False}, seeded=True),
    "DPM++ SDE Karras": DiffusionSampler("DPMSolverSDEScheduler", {"use_karras_sigmas": True}, seeded=True),
    "Euler": DiffusionSampler("EulerDiscreteScheduler"),
    "Euler a": DiffusionSampler("EulerAncestralDiscreteScheduler"),
    "Heun": DiffusionSampler("HeunDiscreteScheduler"),
    "UniPC": DiffusionSampler("UniPCMultistepScheduler"),
    "DDIM": DiffusionSampler("DDIMScheduler", {"clip_sample": False, "set_alpha_to_one": False}),
}


def sampler_named(name: str) -> DiffusionSampler:
    if name not in SAMPLERS:
        raise InputError(f"unknown sampler '{name}'", "render.sampler", f"use one of: {', '.join(SAMPLERS)}")
    return SAMPLERS[name]


def make_scheduler(name: str, schedule: dict[str, Any], seeds: Sequence[int]) -> Any:
    """A fresh scheduler on the base's betas and prediction type; `seeds` drive those that draw their own noise."""
    import diffusers

    sampler = sampler_named(name)
    kept = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "prediction_type", "steps_offset", "trained_betas")
    options = {key: schedule[key] for key in kept if schedule.get(key) is not None} | sampler.options
    if sampler.seeded:
        options["noise_sampler_seed"] = list(seeds)
    kind = getattr(diffusers, sampler.scheduler)
    return kind.from_config(options)

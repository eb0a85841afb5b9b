"""What ComfyUI (0.3.64) does otherwise than A1111 with the same sampler, scheduler, steps and seed.

Its first noise is scaled to unit variance, the denoiser is given whole time steps, ancestral noise comes from a generator that
begins with the seed again, and some samplers lay other levels. LCM is that of a workflow with ModelSamplingDiscrete (lcm) in it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.sampling.samplers import DiffusionSampler

if TYPE_CHECKING:
    from torch import Tensor

ABSENT: Final = {"PLMS": "DDIM"}
"""What ComfyUI has no counterpart of, and the nearest that it has."""
UNIPC_END: Final = 0.001
"""The level at which its UniPC ends instead of 0."""
UNIT_VARIANCE: Final = ("DPMSolverMultistepScheduler", "UniPCMultistepScheduler", "LCMScheduler")
"""Schedulers whose latents are signal and noise at unit variance; those of all others are signal plus noise."""


def check_comfyui(name: str, where: str = "render.sampler") -> None:
    """Raises InputError for a sampler that ComfyUI lacks."""
    if name in ABSENT:
        raise InputError(
            phrase("ComfyUI has no sampler '{name}'", name=name), where, phrase("the nearest is '{absent}'", absent=ABSENT[name])
        )


def as_comfyui_draws(name: str, sampler: DiffusionSampler) -> DiffusionSampler:
    """The sampler with ComfyUI's steps."""
    check_comfyui(name)
    if name == "DDIM":
        return DiffusionSampler("EulerDiscreteScheduler", times="comfyui-ddim")
    if name == "UniPC":
        return replace(sampler, times="comfyui-unipc", spare=True)
    return replace(sampler, spare=sampler.spare and not name.startswith("DPM++ 3M SDE"))


def first_scale(scheduler: Any, largest: float) -> float:
    """What ComfyUI scales the first noise by; `largest` is the base's largest level."""
    first = float(scheduler.sigmas[0])
    unit = math.sqrt(1 + first**2)
    scale = unit if first > largest or math.isclose(first, largest, rel_tol=1e-5) else first
    return scale / unit if type(scheduler).__name__ in UNIT_VARIANCE else scale


def ddim_levels(base: Tensor, steps: int) -> Tensor:
    """The falling levels of its "ddim_uniform": more than `steps` where these do not divide the base's."""
    return base[1 :: max(len(base) // steps, 1)].flip(0).float()

"""ComfyUI's two words, sampler and scheduler, for each of A1111's samplers.

The names are those of ComfyUI's comfy/samplers.py (KSAMPLER_NAMES, SCHEDULER_NAMES). Its "normal" lays the levels that A1111
calls "Uniform"; "karras" and "exponential" are the same in both.
"""

from __future__ import annotations

from typing import Final

from optimizer.render.sampling.comfyui_sampling import check_comfyui
from optimizer.render.sampling.samplers import SAMPLERS, sampler_named

METHODS: Final = {
    "DPM++ 2M": "dpmpp_2m",
    "DPM++ SDE": "dpmpp_sde",
    "DPM++ 2M SDE": "dpmpp_2m_sde",
    "DPM++ 2M SDE Heun": "dpmpp_2m_sde_heun",
    "DPM++ 2S a": "dpmpp_2s_ancestral",
    "DPM++ 3M SDE": "dpmpp_3m_sde",
    "Euler a": "euler_ancestral",
    "Euler": "euler",
    "LMS": "lms",
    "Heun": "heun",
    "DPM2": "dpm_2",
    "DPM2 a": "dpm_2_ancestral",
    "DDIM": "ddim",
    "UniPC": "uni_pc",
    "LCM": "lcm",
}
SCHEDULES: Final = {" Karras": "karras", " Exponential": "exponential"}


def comfyui_sampler(name: str, where: str = "export") -> tuple[str, str]:
    """(sampler_name, scheduler) of a KSampler. Raises InputError for a sampler that is unknown or that ComfyUI lacks."""
    sampler_named(name)
    check_comfyui(name, where)
    for suffix, schedule in SCHEDULES.items():
        if name.endswith(suffix):
            return METHODS[name.removesuffix(suffix)], schedule
    return METHODS[name], "ddim_uniform" if name == "DDIM" else "normal"


def sampler_words(name: str) -> tuple[str, str | None]:
    """(sampler_name, scheduler) of one of A1111's names, or of ComfyUI's own: both with a space between, or the first alone.

    Whether the server has ComfyUI's own is for it to say.
    """
    if name in SAMPLERS:
        return comfyui_sampler(name, "render.sampler")
    sampler, _, scheduler = name.strip().partition(" ")
    return sampler, scheduler.strip() or None

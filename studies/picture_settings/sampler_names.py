"""Samplers and schedules in the spellings of other tools, and A1111's names of the same equations."""

from __future__ import annotations

from typing import Final

SCHEDULES: Final = (
    "Karras",
    "Exponential",
    "Polyexponential",
    "SGM Uniform",
    "Uniform",
    "Automatic",
    "KL Optimal",
    "Align Your Steps",
    "Simple",
    "Normal",
    "DDIM",
    "Beta",
    "Turbo",
)
"""Those of A1111 1.10 and of Forge."""
SUFFIXES: Final = tuple(f" {name}" for name in SCHEDULES)
AUTOMATIC: Final = {
    **dict.fromkeys(("DPM++ 2M", "DPM++ SDE", "DPM++ 2S a", "DPM2", "DPM2 a", "Restart"), "Karras"),
    **dict.fromkeys(("DPM++ 2M SDE", "DPM++ 2M SDE Heun", "DPM++ 3M SDE"), "Exponential"),
}
"""The schedule that "Automatic" means in A1111 from 1.9 on; for every other sampler it is the sampler's plain one."""
OWN_TIMES: Final = frozenset(["DDIM", "PLMS", "UniPC", "DDIM CFG++"])
"""Samplers with time steps of their own, for which A1111 ignores the schedule type."""

COMFY_SAMPLERS: Final = {
    "euler": "Euler",
    "euler_ancestral": "Euler a",
    "heun": "Heun",
    "heunpp2": "HeunPP2",
    "dpm_2": "DPM2",
    "dpm_2_ancestral": "DPM2 a",
    "lms": "LMS",
    "dpm_fast": "DPM fast",
    "dpm_adaptive": "DPM adaptive",
    "dpmpp_2s_ancestral": "DPM++ 2S a",
    "dpmpp_sde": "DPM++ SDE",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_2m_sde_heun": "DPM++ 2M SDE Heun",
    "dpmpp_3m_sde": "DPM++ 3M SDE",
    "ddpm": "DDPM",
    "lcm": "LCM",
    "ddim": "DDIM",
    "uni_pc": "UniPC",
    "plms": "PLMS",
    "restart": "Restart",
}
"""ComfyUI's samplers that A1111 has too, as SwarmUI and Fooocus spell them also; `_gpu` behind one changes no equation."""
COMFY_SCHEDULES: Final = {
    "normal": "Uniform",
    "karras": "Karras",
    "exponential": "Exponential",
    "polyexponential": "Polyexponential",
    "sgm_uniform": "SGM Uniform",
    "simple": "Simple",
    "ddim_uniform": "DDIM",
    "beta": "Beta",
    "kl_optimal": "KL Optimal",
    "align_your_steps": "Align Your Steps",
    "ays": "Align Your Steps",
    "turbo": "Turbo",
}
INVOKE_SAMPLERS: Final = {
    "euler": "Euler",
    "euler_a": "Euler a",
    "heun": "Heun",
    "kdpm_2": "DPM2",
    "kdpm_2_a": "DPM2 a",
    "lms": "LMS",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_sde": "DPM++ SDE",
    "unipc": "UniPC",
    "ddim": "DDIM",
    "pndm": "PLMS",
    "plms": "PLMS",
    "lcm": "LCM",
    "k_euler": "Euler",
    "k_euler_a": "Euler a",
    "k_heun": "Heun",
    "k_lms": "LMS",
    "k_dpm_2": "DPM2",
    "k_dpm_2_a": "DPM2 a",
    "k_dpmpp_2": "DPM++ 2M",
}
"""InvokeAI's; `_k` behind one means Karras, `k_` in front is version 2's. Its `dpmpp_2s` is not A1111's ancestral one."""
EASY_SAMPLERS: Final = {
    "euler": "Euler",
    "euler_a": "Euler a",
    "heun": "Heun",
    "dpm2": "DPM2",
    "dpm2_a": "DPM2 a",
    "lms": "LMS",
    "dpmpp_2s_a": "DPM++ 2S a",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_sde": "DPM++ SDE",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_3m_sde": "DPM++ 3M SDE",
    "dpm_fast": "DPM fast",
    "dpm_adaptive": "DPM adaptive",
    "ddim": "DDIM",
    "plms": "PLMS",
    "unipc": "UniPC",
    "unipc_snr": "UniPC",
    "unipc_tu": "UniPC",
    "lcm": "LCM",
}
"""Easy Diffusion's."""


def split_sampler(name: str) -> tuple[str, str]:
    """A study's sampler as A1111 from 1.9 on writes it: sampler and schedule type."""
    for schedule in SCHEDULES:
        if name.endswith(f" {schedule}"):
            return name.removesuffix(f" {schedule}"), schedule
    return name, "Uniform" if name in AUTOMATIC else "Automatic"


def joined_sampler(sampler: str, schedule: str | None) -> str:
    """The name that older versions and study files give it: `DPM++ SDE Karras`."""
    if sampler in OWN_TIMES:
        return sampler
    shown = AUTOMATIC.get(sampler) if schedule == "Automatic" else schedule
    return sampler if shown in (None, "Uniform") else f"{sampler} {shown}"


def comfy_sampler(sampler: str, schedule: str | None) -> tuple[str, str | None] | None:
    """A1111's sampler and schedule type of ComfyUI's, written apart or joined (`dpmpp_2m_karras`); None for other names."""
    name, given = sampler.strip().lower().replace(" ", "_"), schedule
    if name.removesuffix("_gpu") not in COMFY_SAMPLERS:
        for suffix in sorted(COMFY_SCHEDULES, key=len, reverse=True):
            if name.endswith(f"_{suffix}"):
                name, given = name.removesuffix(f"_{suffix}"), suffix
                break
    known = COMFY_SAMPLERS.get(name.removesuffix("_gpu"))
    if known is None or known == sampler:
        return None
    return known, comfy_schedule(given)


def comfy_schedule(schedule: str | None) -> str | None:
    """A1111's label of one of ComfyUI's schedules; another name stays as it is."""
    if schedule is None:
        return None
    return COMFY_SCHEDULES.get(schedule.strip().lower().replace(" ", "_"), schedule)


def a1111_sampler(sampler: str | None, schedule: str | None) -> tuple[str | None, str | None]:
    """Up to 1.8 the schedule stood in the sampler's name, `DPM++ SDE Karras`, unless a setting in small letters overruled it."""
    given = next((name for name in SCHEDULES if schedule and name.lower() == schedule.lower()), schedule)
    if sampler is None or not sampler.endswith(SUFFIXES):
        return sampler, given
    plain, named = split_sampler(sampler)
    return plain, named if given in (None, "Automatic") else given

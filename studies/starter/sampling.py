"""Sampler, steps and CFG of a new study: its preset's, or what its base needs to draw at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from studies.project.bases import FoundBase
from studies.project.distilled import Distilled
from studies.starter.flow_bases import flow_settings
from studies.starter.presets import Preset


@dataclass(frozen=True)
class Sampling:
    sampler: str
    steps: int
    cfg: float
    why: str = ""
    """Why not the preset's; "" where they are."""


_STEPS: Final = {"Lightning": 4, "Hyper-SD": 8, "Turbo": 4, "DMD2": 4}
"""Where no name tells for how many steps a base was distilled."""
_MERGED: Final = {"Lightning": 2.0, "Turbo": 2.0}
"""CFG of bases that people made of distilled ones: their makers name DPM++ SDE Karras, 4 to 8 steps and a CFG of 1 to 2."""


def sampling_of(preset: Preset, base: FoundBase | None) -> Sampling:
    family = base.family if base is not None else "sd15"
    samplers, cfgs = preset.samplers or {}, preset.cfgs or {}
    plain = Sampling(samplers.get(family, samplers["sd15"]), preset.steps or 30, cfgs.get(family, cfgs["sd15"]))
    if base is None:
        return plain
    flow = flow_settings(base)
    if flow is not None:
        return Sampling("Euler", *flow)
    if base.distilled is not None:
        doubt = _doubt(base.distilled)
        return replace(plain, why=f"for this base: {doubt}") if doubt else _of_few_steps(base.distilled)
    if base.zero_snr:
        why = "its noise ends in no signal (zero SNR), where Karras's levels lie too far apart; more CFG burns colours"
        return Sampling("Euler", plain.steps, min(plain.cfg, 5.0), f"for this base: {why}")
    return plain


def _doubt(base: Distilled) -> str:
    """Why its name is not followed, where it is not."""
    if base.steps == 1:
        return f"{base.method} for one step is drawn by no sampler here; take its file for 2, 4 or 8 steps"
    if base.doubtful:
        return f"if {base.method} in its name means that it draws in few steps, set sampler, steps and cfg as its makers say"
    return ""


def _of_few_steps(base: Distilled) -> Sampling:
    if base.method == "LCM":
        return Sampling("LCM", 6, 1.5, _why(base, "4 to 8 steps of its own sampler and a CFG of 1 to 2"))
    if base.steps is None and not base.small and base.method in _MERGED:
        why = _why(base, "4 to 8 steps and a CFG of 1 to 2, as its makers advise")
        return Sampling("DPM++ SDE Karras", 6, _MERGED[base.method], why)
    steps = base.steps or _STEPS[base.method]
    # A1111's "SGM Uniform" lays N levels, which are the first N of N + 1 uniform ones: the last has next to no noise.
    levels = f"{steps + 1} uniform levels are the {steps} of A1111's SGM Uniform and one without noise"
    if base.guided:
        return Sampling("Euler", steps + 1, 5.0, _why(base, f"{steps} steps and kept CFG; {levels}"))
    why = _why(base, f"{steps} steps without CFG (1), where negative_prompt does nothing; {levels}")
    if base.method == "DMD2":
        return Sampling("LCM", steps + 1, 1.0, why)
    return Sampling("Euler a" if base.method == "Turbo" else "Euler", steps + 1, 1.0, why)


def _why(base: Distilled, what: str) -> str:
    return f"for this base: {base.method} was distilled for {what}"

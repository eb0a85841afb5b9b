"""LoRAs that act in some of the steps only, as ComfyUI has them: hooks with keyframes (comfy/hooks.py of 0.3.64).

A keyframe's percent is no share of the steps: it is one of the base's time steps, 1000 of which lie between 0 and 1, and the
keyframe holds from the first call of the UNet whose noise level is not above that time step's. So each end of a schedule becomes
a percent between the levels of the two calls that it parts, as ComfyUI lays levels for this sampler and number of steps. "Set
CLIP Hooks" with `schedule_clip` encodes the prompts once for each stretch: what a LoRA does to the text encoder it does in its
steps too, as here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.sampling.samplers import sampler_named

if TYPE_CHECKING:
    from optimizer.schedules.schedule import Schedule
    from studies.export.comfyui_graph import Graph, Output

STEP: Final = 1e-3
"""Of percents on ComfyUI's page."""
NOTE: Final = (
    "LoRAs that act in some of the steps are hooks, laid over the other LoRAs. A percent of theirs is one of the base's time "
    "steps, not of the steps: these hold for {steps} steps of this sampler alone."
)
REACHING_AHEAD: Final = ("Heun", "DPM2 a", "DPM++ 2S a", "LCM")
"""Samplers whose second call in a step is at the level at which the next one begins, so that no percent parts them; and LCM,
whose levels are those of another node."""


def check_hooks(sampler: str) -> None:
    """Raises InputError for a sampler whose steps ComfyUI's keyframes cannot part."""
    if sampler.removesuffix(" Karras").removesuffix(" Exponential") in REACHING_AHEAD:
        what = phrase("ComfyUI's hooks cannot part the steps of {sampler}", sampler=sampler)
        raise InputError(what, "export --to comfyui", "use --to png, or search with another sampler")


def start_percents(sampler: str, steps: int, schedule: Mapping[str, Any]) -> list[float]:
    """By step, the percent at which a keyframe begins with it and not before: 0 for the first. `schedule` is the base's.

    Raises InputError as `check_hooks`.
    """
    import torch

    from optimizer.render.sampling.schedulers import make_scheduler
    from optimizer.render.sampling.sigmas import base_levels, times_of

    check_hooks(sampler)
    scheduler = make_scheduler(sampler, schedule, [0], "comfyui")
    scheduler.set_timesteps(steps)
    base = base_levels(scheduler.config, "comfyui")
    # Schedulers of two calls a step have each level twice.
    levels = torch.unique_consecutive(scheduler.sigmas[: len(scheduler.timesteps)].cpu())
    # The second call of a step is half way to the next one in the logarithm of the level.
    before = (levels[:-1] * levels[1:]).sqrt() if sampler_named(sampler).second_order else levels[:-1]
    ends = zip(times_of(base, before).tolist(), times_of(base, levels[1:]).tolist(), strict=True)
    return [0.0, *(_between(last, first, len(base) - 1) for last, first in ends)]


def _between(before: float, here: float, last: int) -> float:
    """Short where that lies well between."""
    high, low = (1 - time / last for time in (here, before))
    middle = (low + high) / 2
    rounded = round(middle / STEP) * STEP
    return round(rounded, 3) if low + STEP / 4 < rounded < high - STEP / 4 else middle


def add_hook(graph: Graph, widgets: Mapping[str, Any], schedule: Schedule, percents: Sequence[float]) -> Output:
    """One LoRA as a hook: its widgets as "Create Hook LoRA" has them, in the steps of its schedule. `percents` are those of
    `start_percents`, and not looked at where it acts in all steps."""
    (hooks,) = graph.add("CreateHookLora", widgets)
    if schedule.whole:
        return hooks
    acts = schedule.steps(len(percents))
    frames = [(0.0, 0.0)] if acts.start else []
    frames += [(1.0, percents[acts.start])]
    frames += [(0.0, percents[acts.stop])] if acts.stop < len(percents) else []
    keyframes: dict[str, Output] = {}
    for strength, percent in frames:
        (made,) = graph.add("CreateHookKeyframe", {"strength_mult": strength, "start_percent": percent}, **keyframes)
        keyframes = {"prev_hook_kf": made}
    (hooks,) = graph.add("SetHookKeyframes", {}, hooks=hooks, hook_kf=keyframes["prev_hook_kf"])
    return hooks


def hooked_clip(graph: Graph, clip: Output, hooks: Sequence[Output], *, scheduled: bool) -> Output:
    """The CLIP whose conditionings carry these hooks; itself where there are none. `scheduled` says whether any has keyframes."""
    if not hooks:
        return clip
    together, *others = hooks
    for one in others:
        (together,) = graph.add("CombineHooks2", {}, hooks_A=together, hooks_B=one)
    (clip,) = graph.add("SetClipHooks", {"apply_to_conds": True, "schedule_clip": scheduled}, clip=clip, hooks=together)
    return clip

"""diffusers' scheduler of flow-matching bases, and what of a study's settings such a base cannot follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from models.errors import InputError
from models.language.translate import phrase

if TYPE_CHECKING:
    import torch

    from models.base.family import Base, FlowSteps
    from optimizer.render.base import RenderSettings


def flow_scheduler(schedule: Mapping[str, Any], laid: FlowSteps, device: torch.device) -> Any:
    """A fresh scheduler of the base's config (`Base.schedule`) whose steps are laid. The first noise is not scaled."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler: Any = FlowMatchEulerDiscreteScheduler.from_config(dict(schedule))
    scheduler.set_timesteps(sigmas=list(laid.levels), mu=laid.shift, device=device)
    # Of two equal levels, where a shift rounds them together, diffusers would begin at the second.
    scheduler.set_begin_index(0)
    scheduler.scale_model_input = lambda latents, _: latents
    scheduler.init_noise_sigma = 1.0
    return scheduler


def check_family(settings: RenderSettings, base: Base) -> None:
    """Raises InputError for a setting that bases of this family cannot follow."""
    family = base.family
    check_sampler(settings.sampler, base)
    if family.samplers is None:
        return
    if settings.like == "comfyui":
        what = phrase("like: comfyui, and {family} is drawn as diffusers draws it", family=family.title)
        raise InputError(what, "render.like", "leave it out")
    if settings.pad_conds or settings.ensd:
        what = phrase("pad_conds and ensd are settings of A1111 that {family} has no use for", family=family.title)
        raise InputError(what, "render", "leave them out")


def check_sampler(name: str, base: Base) -> None:
    """Raises InputError for a sampler that bases of this family are not drawn with."""
    family = base.family
    if family.samplers is not None and name not in family.samplers:
        what = phrase("sampler '{name}': {family} is drawn by its own steps along the flow", name=name, family=family.title)
        raise InputError(what, "render.sampler", phrase("set it to {names}", names=" or ".join(family.samplers)))


def check_guidance(cfg: float, base: Base) -> None:
    """Raises InputError for a CFG that a base has no use for."""
    if base.family.guidance(base) == "none" and cfg != 1:
        what = phrase("CFG {cfg:g}: this {family} base was trained to need no guidance", cfg=cfg, family=base.family.title)
        raise InputError(what, "render.cfg", "set it to 1")


def unread_settings(settings: RenderSettings, cfg: float, base: Base) -> list[str]:
    """A line for each setting that changes nothing on this base, for people."""
    family = base.family
    lines: list[str] = []
    if settings.clip_skip > 1 and not family.honours_clip_skip:
        lines.append(phrase("clip_skip changes nothing on {family} bases", family=family.title))
    if settings.negative_prompt.strip() and family.guidance(base) != "free":
        lines.append(phrase("the negative prompt is not read: this {family} base is told its guidance", family=family.title))
    elif settings.negative_prompt.strip() and family.samplers is not None and cfg == 1:
        lines.append(phrase("the negative prompt is not read at cfg 1"))
    return lines

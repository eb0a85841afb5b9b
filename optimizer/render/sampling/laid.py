"""A base's scheduler with its steps laid: diffusers' samplers, or the flow of a family that has no other way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from optimizer.render.flow.scheduler import check_sampler, flow_scheduler
from optimizer.render.sampling.schedulers import make_scheduler

if TYPE_CHECKING:
    import torch

    from models.base.family import Base
    from optimizer.render.base import RenderSettings


def laid_scheduler(
    base: Base, settings: RenderSettings, device: torch.device, sampler: str, seeds: Sequence[int], steps: int
) -> Any:
    """Raises InputError for a sampler that the base cannot be drawn with."""
    check_sampler(sampler, base)
    laid = base.family.flow_steps(base, (settings.width, settings.height), steps)
    if laid is not None:
        return flow_scheduler(base.schedule, laid, device)
    scheduler = make_scheduler(sampler, base.schedule, seeds, settings.like)
    scheduler.set_timesteps(steps, device=device)
    return scheduler

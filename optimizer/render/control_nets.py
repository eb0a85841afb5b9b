"""Which ControlNets act in which steps of an image, and what they are told of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from optimizer.control.control import Controls, acting
from optimizer.control.controlled import Told
from optimizer.point import Job
from optimizer.schedules.schedule import Schedule

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from models.control_net.opening import ControlNet
    from optimizer.control.hints import Hint
    from optimizer.render.drawing import Part


def check_told(job: Job, nets: Mapping[str, ControlNet]) -> None:
    """Raises InputError for a ControlNet that is to act and is not open, or is told nothing."""
    for name in acting(job.point.controls):
        if name not in nets:
            raise InputError(phrase("no ControlNet {name} is open here", name=name), "control", "draw with huanhua itself")
        if job.hints is None or name not in job.hints.by_net:
            raise InputError(phrase("the ControlNet {name} is told no picture", name=name), "control", "give the image its hints")


def windows_of(controls: Controls) -> dict[str, Schedule]:
    """The steps in which each acts, by names that no LoRA has."""
    return {f"control:{name}": control.window for name, control in acting(controls).items()}


def strengths_in(window: Schedule, controls: Controls) -> dict[str, float]:
    """Of the ControlNets that act in a window of `optimizer.schedules.schedule.windows`."""
    return {name: control.strength for name, control in acting(controls).items() if window.end <= control.end}


def told_of(nets: Mapping[str, ControlNet], jobs: Sequence[Job], parts: Sequence[Part], device: torch.device) -> list[Told]:
    """What ControlNets are told in steps of these images, one part each; an image that one does not act on has it at 0, and
    black for its hint."""
    found = []
    for name in sorted({name for part in parts for name in part.controls}):
        strengths = [part.controls.get(name, 0.0) for part in parts]
        hints = [job.hints.by_net.get(name) if job.hints is not None else None for job in jobs]
        found.append(Told(nets[name].module, _stacked(hints, device), strengths))
    return found


def _stacked(hints: Sequence[Hint | None], device: torch.device) -> Tensor:
    """(images, 3, height, width), 0 to 1; there is one hint at least."""
    import torch

    shown = next(hint.picture for hint in hints if hint is not None)
    pictures = [torch.tensor(shown if hint is None else hint.picture).permute(2, 0, 1) for hint in hints]
    blank = [hint is None for hint in hints]
    stacked = torch.stack(pictures).to(device).float() / 255
    stacked[blank] = 0
    return stacked

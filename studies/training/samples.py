"""Sample images of a training: the same seeds in all trainings, so that they can be laid side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from studies.training.log import DrawSamples

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.base.family import Base
    from optimizer.render.decode import NotDrawn

SEEDS: Final = (1, 2)
SAMPLER: Final = "DPM++ 2M Karras"
STEPS: Final = 20
CFG: Final[Mapping[str, float]] = {"sd15": 7.0, "sdxl": 6.0, "lab": 2.5}
"""By family of presets. SDXL bases burn colours above 7, the lab's above 3."""


@dataclass(frozen=True)
class SampleSettings:
    """When samples are drawn in a training, and what they show."""

    every: int | None = None
    """Steps between samples; None for an eighth of all."""
    prompt: str | None = None
    """Their prompt; None for the first caption of the training set."""
    cfg: float = CFG["sd15"]
    """Their guidance scale."""


def sample_prompt(dataset: Path, trigger: str) -> str:
    """The first training caption, the trigger in front."""
    from trainers.prepare.captions import compose, tags_of
    from trainers.train.data.dataset import first_caption

    return compose(trigger, tags_of(first_caption(dataset)))


def draw_with(base: Base, prompt: str, size: tuple[int, int], cfg: float) -> DrawSamples:
    """Draws with whatever LoRA the base carries when it is called. The base is afterwards on its device as before."""

    def draw() -> Mapping[int, Image | NotDrawn]:
        from optimizer.point import Job, Point
        from optimizer.render.base import RenderSettings
        from optimizer.render.diffusers_renderer import DiffusionRenderer

        device = base.device
        renderer = DiffusionRenderer(base, {}, RenderSettings(prompt, "", *size, STEPS, SAMPLER))
        drawn = renderer.render([Job(seed, Point({}, cfg)) for seed in SEEDS])
        for model in base.models:
            # Where memory is short the renderer leaves models on the processor.
            model.to(device)
        return dict(zip(SEEDS, drawn, strict=True))

    return draw

"""The render settings that all images of a study share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.spec import StudySpec

if TYPE_CHECKING:
    from optimizer.render.base import RenderSettings


def render_settings_of(spec: StudySpec) -> RenderSettings:
    from optimizer.render.base import RenderSettings

    render = spec.render
    return RenderSettings(
        prompt=spec.prompt,
        negative_prompt=spec.negative_prompt,
        width=render.width,
        height=render.height,
        steps=render.steps,
        sampler=render.sampler,
        clip_skip=spec.base.clip_skip,
        rng="cpu" if render.like == "comfyui" else render.rng,
        ensd=render.ensd,
        like=render.like,
        pad_conds=render.pad_conds,
    )

"""The render settings that all images of a study share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studies.spec import StudySpec

if TYPE_CHECKING:
    from optimizer.render.base import Frame


def frame_of(spec: StudySpec) -> Frame:
    from optimizer.render.base import Frame

    render = spec.render
    return Frame(
        prompt=spec.prompt,
        negative_prompt=spec.negative_prompt,
        width=render.width,
        height=render.height,
        steps=render.steps,
        sampler=render.sampler,
        clip_skip=spec.base.clip_skip,
        rng=render.rng,
        ensd=render.ensd,
    )

"""Makes the backend that draws with ComfyUI, by the user's own workflow."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from studies.backends.remote import RemoteBackend, check_here, study_loras
from studies.drawing.comfyui import ComfyuiDraw
from studies.file_hashes import cached_hash
from studies.render_settings import render_settings_of

if TYPE_CHECKING:
    from optimizer.render.remote.base import OnStep, RemoteRenderer
    from optimizer.render.remote.client import Client
    from studies.backends.registry import DrawnStudy


def make(study: DrawnStudy) -> RemoteBackend:
    draw = study.spec.draw
    assert isinstance(draw, ComfyuiDraw)

    def connect(client: Client, on_step: OnStep) -> RemoteRenderer:
        check_here(client)
        from optimizer.render.remote.comfyui.renderer import ComfyRenderer
        from optimizer.render.remote.comfyui.workflow import open_workflow

        workflow = open_workflow((study.root / draw.workflow).expanduser(), draw.nodes)
        loras, settings = study_loras(study.spec, study.root), render_settings_of(study.spec)
        hashed = partial(cached_hash, study.workspace)
        return ComfyRenderer(client, settings, loras, on_step, workflow=workflow, file_hash=hashed)

    return RemoteBackend(study, draw, connect)

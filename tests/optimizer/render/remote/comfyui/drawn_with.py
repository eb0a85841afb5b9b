"""Renderers over the fake server, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.remote.address import Address, Credentials
from optimizer.render.remote.client import Client, Patience
from optimizer.render.remote.comfyui.renderer import ComfyRenderer
from optimizer.render.remote.comfyui.workflow import Workflow, workflow_from
from optimizer.render.remote.server_lora import StudyLora
from optimizer.testing.fake_server import workflows

LORAS = (StudyLora("dress", Path("loras/dress.safetensors")), StudyLora("shoes", Path("loras/shoes.safetensors")))
OPENED: list[ComfyRenderer] = []
"""Closed after each test."""
QUICK = Patience(pauses=(0.05,) * 60)


def renderer_over(
    url: str,
    nodes: Any = None,
    loras: Sequence[StudyLora] = LORAS,
    *,
    named: Mapping[str, str] | None = None,
    patience: Patience = QUICK,
    negative: str | None = None,
    **options: Any,
) -> ComfyRenderer:
    workflow = workflow_from(nodes or workflows.plain(), "mine.json", named or {})
    client = Client(Address(url, True), Credentials(), patience)
    settings = settings_of(workflow)
    settings = settings if negative is None else replace(settings, negative_prompt=negative)
    renderer = ComfyRenderer(client, settings, loras, workflow=workflow, **options)
    OPENED.append(renderer)
    return renderer


def settings_of(workflow: Workflow) -> RenderSettings:
    """The workflow's own."""
    own = workflow.own
    width, height = own.size or (0, 0)
    return RenderSettings(
        own.prompt or "", own.negative_prompt or "", width=width, height=height, steps=own.steps or 1, sampler=own.sampler or ""
    )


def job(dress: float = 0.4, shoes: float = 0.6, seed: int = 5, **point: Any) -> Job:
    return Job(seed, Point({"dress": dress, "shoes": shoes}, **{"cfg": 7.5, **point}))

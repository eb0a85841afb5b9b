"""What drawing through this project's client adds to a program's own time for a picture."""

from __future__ import annotations

import json
from typing import Final

from benchmarks.parity.case import Case
from benchmarks.parity.cases import THREE
from benchmarks.parity.programs import Models, Server, comfyui_request
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.remote.address import Credentials, address
from optimizer.render.remote.client import Client
from optimizer.render.remote.comfyui.renderer import ComfyRenderer
from optimizer.render.remote.comfyui.workflow import open_workflow
from optimizer.render.remote.server_lora import StudyLora
from optimizer.render.remote.webui.renderer import WebuiRenderer
from optimizer.testing import comfyui_overhead, webui_overhead

CASE: Final = Case("overhead", sampler="DPM++ 2M Karras", steps=2, loras=THREE)
JOBS: Final = [Job(CASE.seed, Point({name: w + 0.02 * i for name, w in THREE.items()}, CASE.cfg)) for i in range(12)]


def webui_overhead_ms(server: Server, models: Models) -> float:
    """The median of twelve pictures of other weights, in ms."""
    client = webui_overhead.TimedClient(address(server.url, remote=False), Credentials())
    renderer = WebuiRenderer(client, _settings(), _loras(models), models.checkpoint(CASE).name)
    return webui_overhead.median_overhead_ms(renderer, client, JOBS)


def comfyui_overhead_ms(server: Server, models: Models) -> float:
    """The median of twelve pictures of other weights, in ms."""
    workflow = models.folder / "overhead_api.json"
    workflow.write_text(json.dumps(comfyui_request(models, CASE)))
    client = Client(address(server.url, remote=False), Credentials())
    renderer = ComfyRenderer(client, _settings(), _loras(models), workflow=open_workflow(workflow, {}))
    return comfyui_overhead.median_overhead_ms(renderer, client, JOBS)


def _settings() -> RenderSettings:
    return RenderSettings(CASE.prompt, CASE.negative, *CASE.size, CASE.steps, CASE.sampler)


def _loras(models: Models) -> list[StudyLora]:
    return [StudyLora(name, models.folder / "loras" / f"{name}.safetensors") for name in THREE]

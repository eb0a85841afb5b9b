"""What drawing through ComfyUI adds to the server's own time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

from optimizer.point import Job
from optimizer.render.decode import pictures
from optimizer.render.remote.client import Client
from optimizer.render.remote.comfyui.renderer import ComfyRenderer


def overhead_ms(renderer: ComfyRenderer, client: Client, jobs: Sequence[Job]) -> list[float]:
    """For each job the time for its image, less what the server states between the prompt's start and end, in ms.

    Nobody else may use the server. A first image is drawn before them. Raises ValueError if the server does not state its
    time, or an image cannot be drawn.
    """
    pictures(renderer.render(jobs[:1]))
    added = []
    for job in jobs:
        began = time.perf_counter()
        pictures(renderer.render([job]))
        spent = time.perf_counter() - began
        added.append(1000 * spent - _own_ms(client))
    return added


def median_overhead_ms(renderer: ComfyRenderer, client: Client, jobs: Sequence[Job]) -> float:
    """The median of `overhead_ms`."""
    return median(overhead_ms(renderer, client, jobs))


def _own_ms(client: Client) -> float:
    """Of the last prompt, by the time stamps in the server's history."""
    (entry,) = client.get("/history", {"max_items": "1"}).values()
    stamps = {kind: data.get("timestamp") for kind, data in entry["status"]["messages"]}
    if not stamps.get("execution_start") or not stamps.get("execution_success"):
        raise ValueError("the server does not state its own time for a prompt")
    return float(stamps["execution_success"] - stamps["execution_start"])

"""What drawing through a WebUI adds to the server's own time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median
from typing import Any, Final

from optimizer.point import Job
from optimizer.render.decode import pictures
from optimizer.render.remote.address import Address, Credentials
from optimizer.render.remote.client import Client, Patience
from optimizer.render.remote.webui.renderer import WebuiRenderer

OWN_TIME: Final = "x-process-time"
"""The header in which A1111 states the seconds that it spent on a request, those in its queue included."""


class TimedClient(Client):
    """A client that keeps what the server states of its own time for pictures."""

    def __init__(self, place: Address, credentials: Credentials, patience: Patience | None = None) -> None:
        super().__init__(place, credentials, patience)
        self.own_seconds: list[float] = []
        self._http.event_hooks = {"response": [self._note]}

    def _note(self, response: Any) -> None:
        if response.request.url.path.endswith("/txt2img") and OWN_TIME in response.headers:
            self.own_seconds.append(float(response.headers[OWN_TIME]))


def overhead_ms(renderer: WebuiRenderer, client: TimedClient, jobs: Sequence[Job]) -> list[float]:
    """For each job the time for its image, less the server's own, in ms. `client` is the renderer's.

    A first image is drawn before them: the server is opened with it. Raises ValueError if the server does not state its time, or
    an image cannot be drawn.
    """
    pictures(renderer.render(jobs[:1]))
    added = []
    for job in jobs:
        began, before = time.perf_counter(), len(client.own_seconds)
        pictures(renderer.render([job]))
        spent = time.perf_counter() - began
        if len(client.own_seconds) != before + 1:
            raise ValueError("the server does not state its own time for a picture")
        added.append(1000 * (spent - client.own_seconds[-1]))
    return added


def median_overhead_ms(renderer: WebuiRenderer, client: TimedClient, jobs: Sequence[Job]) -> float:
    """The median of `overhead_ms`."""
    return median(overhead_ms(renderer, client, jobs))

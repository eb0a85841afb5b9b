"""One prompt on a ComfyUI server: sent, listened to, found again after the connection broke."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.remote.base import DrawingCancelledError, OnStep
from optimizer.render.remote.client import Client, RefusedError
from optimizer.render.remote.comfyui.connection import Connection
from optimizer.render.remote.comfyui.events import Notice, Picture
from optimizer.render.remote.comfyui.failures import failed, refused
from optimizer.render.remote.comfyui.prepared import IMAGE_ID
from optimizer.render.remote.comfyui.reading.graph import Graph

SLICE_S: Final = 0.5
"""How long a wait lasts before it looks whether it was cancelled."""
LOOKS: Final = 40
"""For the history of a prompt that has just ended."""
LOOK_S: Final = 15.0
"""Silence after which the queue is looked at."""


class LostError(Exception):
    """The prompt ended, or is gone, and its image did not arrive. Sent again it costs little: the server keeps results."""


@dataclass
class Drawing:
    """A prompt under an id of its own. `run` sends it and waits for its image."""

    client: Client
    graph: Graph
    nodes: Mapping[str, Any]
    """As they are sent."""
    samplers: frozenset[str]
    """Ids of nodes that sample: their progress is reported."""
    on_step: OnStep
    silence_s: float
    """The longest time without any message while the server draws it."""
    prompt_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    cancelled: Callable[[], bool] = field(default=lambda: False)
    sent: bool = False
    """Whether the server may have it."""
    in_folder: bool = False
    """Whether the image is written to the server's folder of temporary files instead of sent."""
    cached: frozenset[str] | None = None
    """Nodes whose results the server had kept; None before it tells."""

    def run(self, connection: Connection) -> bytes:
        """Sends it over HTTP and listens on `connection` for the image's file.

        Raises `LostError`, `ServerAwayError` where the connection broke, InputError for what the server refuses or what failed,
        `DrawingCancelledError`.
        """
        self._send(connection.client_id)
        return _Listener(self).listen(connection)

    def _send(self, client_id: str) -> None:
        self.sent = True
        body = {"client_id": client_id, "prompt_id": self.prompt_id, "prompt": self.nodes}
        try:
            answer = self.client.post("/prompt", body, patiently=False)
        except RefusedError as error:
            self.sent = False
            if error.status != 400:
                raise
            raise refused(error, self.graph, self.client.url) from error
        if not isinstance(answer, dict) or not isinstance(answer.get("prompt_id"), str):
            raise InputError("another program than ComfyUI answers", self.client.url, "mend draw.url")
        # Servers before the id was taken from the request choose one.
        self.prompt_id = answer["prompt_id"]

    def state(self) -> str:
        """ "pending", "running", "done" or "gone". Asked in this order, so that none is missed while it moves on."""
        queue = self.client.get("/queue")
        for key, state in (("queue_running", "running"), ("queue_pending", "pending")):
            entries = queue.get(key) if isinstance(queue, dict) else None
            for entry in entries if isinstance(entries, list) else []:
                if isinstance(entry, list) and len(entry) > 1 and entry[1] == self.prompt_id:
                    return state
        return "done" if self.history() else "gone"

    def history(self) -> Mapping[str, Any]:
        """What the server keeps of it; empty before its end."""
        answer = self.client.get(f"/history/{self.prompt_id}")
        entry = answer.get(self.prompt_id) if isinstance(answer, dict) else None
        return entry if isinstance(entry, dict) else {}

    def wait(self) -> None:
        """Until the server is done with it or has lost it; for after the connection broke. Raises what its failure is."""
        deadline = time.monotonic() + self.silence_s
        while self.state() in ("pending", "running"):
            if self.cancelled():
                raise DrawingCancelledError
            if time.monotonic() > deadline:
                raise silent(self.client.url, self.silence_s)
            self.client.patience.sleep(SLICE_S)
        self.check_history()

    def from_folder(self) -> bytes:
        """The image's file from the server's folder of temporary files, once the prompt is done."""
        for _ in range(LOOKS):
            outputs = self.history().get("outputs")
            entry = outputs.get(IMAGE_ID) if isinstance(outputs, dict) else None
            images = entry.get("images") if isinstance(entry, dict) else None
            if isinstance(images, list) and images and isinstance(images[0], dict):
                if len(images) > 1:
                    raise several(self.client.url, len(images))
                query = {key: str(images[0].get(key, "")) for key in ("filename", "subfolder", "type")}
                return self.client.get_bytes("/view", query)
            self.client.patience.sleep(SLICE_S / 10)
        raise LostError

    def check_history(self) -> None:
        """Raises InputError if the prompt failed."""
        status = self.history().get("status")
        messages = status.get("messages") if isinstance(status, dict) else None
        for message in messages if isinstance(messages, list) else []:
            if isinstance(message, list) and len(message) == 2 and isinstance(message[1], dict):
                self.take(str(message[0]), message[1])

    def take(self, kind: str, data: Mapping[str, Any]) -> None:
        """A message about the prompt. Raises InputError if it failed."""
        if kind == "execution_cached":
            nodes = data.get("nodes")
            self.cached = frozenset(map(str, nodes)) if isinstance(nodes, list) else None
        if kind == "execution_error":
            raise failed(data, self.graph, self.client.url)
        if kind == "execution_interrupted":
            if self.cancelled():
                raise DrawingCancelledError
            raise InputError("someone stopped the drawing on the server", self.client.url, "run again")

    def stop(self) -> None:
        """Takes it from the server's queue, or stops it there if it is what runs. Raises nothing that can be expected."""
        if not self.sent:
            return
        try:
            self.client.post("/queue", {"delete": [self.prompt_id]}, patiently=False)
            # Servers before ids were known there would stop whatever runs.
            if self.state() == "running":
                self.client.post("/interrupt", {"prompt_id": self.prompt_id}, patiently=False)
        except InputError:
            pass


class _Listener:
    """Reads events until the prompt's image is there and the prompt has ended."""

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.running: str | None = None
        """The node that the server is at, of our prompt."""
        self.images: list[bytes] = []
        self.steps: dict[str, tuple[int, int]] = {}
        self.with_origin = False
        """Whether images come with the prompt and node that they are of."""

    def listen(self, connection: Connection) -> bytes:
        drawing = self.drawing
        heard = looked = time.monotonic()
        while True:
            event = connection.event(SLICE_S)
            if drawing.cancelled():
                raise DrawingCancelledError
            now = time.monotonic()
            if event is None:
                if now - max(heard, looked) > min(LOOK_S, drawing.silence_s / 2) or now - heard > drawing.silence_s:
                    looked = now
                    heard = self._look(heard)
                continue
            if isinstance(event, Picture):
                heard = now
                self._picture(event)
            elif event.kind == "feature_flags":
                self.with_origin = event.data.get("supports_preview_metadata") is True
            elif event.prompt == drawing.prompt_id:
                heard = now
                if self._notice(event):
                    return self._result()

    def _look(self, heard: float) -> float:
        """After a silence: a prompt that waits for others may be silent, one that runs not for ever."""
        drawing = self.drawing
        state = drawing.state()
        if state == "pending":
            return time.monotonic()
        if state in ("done", "gone"):
            drawing.check_history()
            raise LostError
        if time.monotonic() - heard > drawing.silence_s:
            raise silent(drawing.client.url, drawing.silence_s)
        return heard

    def _picture(self, event: Picture) -> None:
        if event.prompt is not None:
            ours = (event.prompt, event.node) == (self.drawing.prompt_id, IMAGE_ID)
        else:
            ours = self.running == IMAGE_ID and not self.with_origin
        if ours:
            self.images.append(event.data)

    def _notice(self, event: Notice) -> bool:
        """Whether the prompt has ended."""
        self.drawing.take(event.kind, event.data)
        if event.kind == "executing":
            self.running = event.node
            return event.data.get("node") is None
        if event.kind == "progress":
            self._progress(event)
        return event.kind == "execution_success"

    def _progress(self, event: Notice) -> None:
        node = event.node.split(".")[0] if event.node is not None else ""
        value, most = (event.data.get(key) for key in ("value", "max"))
        if node in self.drawing.samplers and type(value) is int and type(most) is int and 0 <= value <= most:
            self.steps[node] = (value, most)
            done, of = (sum(pair[i] for pair in self.steps.values()) for i in (0, 1))
            self.drawing.on_step(done, of)

    def _result(self) -> bytes:
        if len(self.images) > 1:
            raise several(self.drawing.client.url, len(self.images))
        if not self.images:
            if self.drawing.in_folder:
                return self.drawing.from_folder()
            raise LostError
        return self.images[0]


def several(url: str, count: int) -> InputError:
    return InputError(phrase("the workflow draws {count} images at once", count=count), url, "have it draw one: batch size 1")


def silent(url: str, seconds: float) -> InputError:
    minutes = (
        phrase("{minutes:.0f} minutes", minutes=seconds / 60)
        if seconds >= 60
        else phrase("{seconds:.0f} seconds", seconds=seconds)
    )
    return InputError(
        phrase("the server draws and shows no progress for {minutes}", minutes=minutes), url, "see its log, then run again"
    )

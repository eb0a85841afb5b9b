"""The drawing half of a fake ComfyUI: its queue, its cache, and what it tells over WebSockets."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from optimizer.testing.fake_server.comfyui_nodes import OUTPUTS, SAMPLERS, SAMPLING, SCHEDULERS, Evaluation
from optimizer.testing.fake_server.scene import Paint, Scene, flat

if TYPE_CHECKING:
    from PIL.Image import Image
    from starlette.websockets import WebSocket

SMALL_PNG: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)
"""One red pixel, as a preview of a step."""


@dataclass
class Behaviour:
    """What the server has and how it behaves; a test sets it while the server runs."""

    loras: Sequence[str] = ("dress.safetensors", "shoes.safetensors")
    checkpoints: Sequence[str] = ("base.safetensors", "xl.safetensors", "refiner.safetensors", "flux.safetensors")
    pictures: Mapping[str, bytes] = field(default_factory=lambda: {"pose.png": SMALL_PNG})
    """In its input folder."""
    folders: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    """Folders of models that it tells of."""
    metadata: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By the LoRA's file."""
    version: str = "0.3.64"
    lacks: frozenset[str] = frozenset()
    """Node classes and routes that it does not have."""
    paint: Paint = flat
    dead: frozenset[str] = frozenset()
    """LoRAs, by the stems of their names, that it draws without though it reports success."""
    step_s: float = 0.0
    """Seconds a step."""
    previews: bool = False
    """Sends a picture at each step."""
    origins: bool = True
    """Tells with each picture which node and prompt it is of."""
    keeps: bool = True
    """Does not draw again what it drew just before."""
    keeps_all: bool = False
    """Keeps the results of all prompts, as with `--cache-lru`."""
    frees: bool = True
    """Empties its cache when asked."""
    faults: list[str] = field(default_factory=list)
    """Taken from the front, one a prompt; "" is none. At the second step: dies, breaks, falls silent, out of memory, stopped by
    another. At a node: fails at CLASS. Of the picture: no image, two images, another size, black, no picture, cut short."""
    on_answer: Callable[[str, bytes], tuple[int, bytes]] | None = None
    """Changes the answer to a route: its status and content."""
    on_message: Callable[[str | bytes], Sequence[str | bytes]] | None = None
    """Changes a WebSocket message into others."""
    on_death: Callable[[], None] = lambda: None
    """Called for the fault "dies"."""
    drawn: list[Scene] = field(default_factory=list)
    """Each picture that was sampled."""
    prompts: list[str] = field(default_factory=list)
    """Ids of the prompts that were taken."""
    last_nodes: Mapping[str, Any] = field(default_factory=dict)
    """The graph that was sent last."""
    asked: list[str] = field(default_factory=list)
    """Routes that were asked for."""

    @property
    def lists(self) -> Mapping[str, Sequence[str]]:
        """Names that inputs may take."""
        names = {"checkpoints": self.checkpoints, "loras": self.loras, "pictures": list(self.pictures)}
        return {**names, "controlnet": ("net.safetensors",), "samplers": SAMPLERS, "schedulers": SCHEDULERS}


@dataclass(frozen=True)
class Prompt:
    id: str
    client: str
    nodes: Mapping[str, Any]


class Machine:
    """One life of the program: all that is lost when it is killed."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.sockets: dict[str, WebSocket] = {}
        self.with_origin: set[str] = set()
        """Clients that are told with each picture whose it is."""
        self.pending: list[Prompt] = []
        self.running: Prompt | None = None
        self.history: dict[str, Any] = {}
        self.kept: set[str] = set()
        """Keys of the results of the last prompt."""
        self.freeing = False
        self.files: dict[str, bytes] = {}
        self.stopped: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, prompt: Prompt) -> None:
        self.behaviour.prompts.append(prompt.id)
        self.behaviour.last_nodes = prompt.nodes
        self.pending.append(prompt)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    def free(self) -> None:
        """As the real one: after the next prompt, or soon if none comes."""
        self.freeing = True
        asyncio.get_running_loop().call_later(0.2, self._freed)

    def _freed(self) -> None:
        if self.freeing and self.running is None:
            self.kept.clear()
            self.freeing = False

    async def _work(self) -> None:
        while self.pending:
            self.running = self.pending.pop(0)
            id_, client, nodes = self.running.id, self.running.client, self.running.nodes
            messages: list[Any] = []
            try:
                outputs = await self._execute(id_, client, nodes, messages)
                status = {"status_str": "success", "completed": True, "messages": messages}
            except _FailedError as failure:
                await self._tell(client, failure.kind, {"prompt_id": id_, **failure.data}, messages)
                outputs, status = {}, {"status_str": "error", "completed": False, "messages": messages}
            self.history[id_] = {"prompt": [0, id_, nodes, {}, []], "outputs": outputs, "status": status}
            self.running = None
            self._freed()
            await self._tell(client, "executing", {"node": None, "prompt_id": id_}, [])

    async def _execute(self, id_: str, client: str, nodes: Mapping[str, Any], messages: list[Any]) -> dict[str, Any]:
        evaluation = Evaluation(nodes, self.behaviour.paint, self.behaviour.dead)
        (output,) = [key for key, node in nodes.items() if node["class_type"] in OUTPUTS]
        keys = {node: evaluation.key(node) for node in evaluation.order(output)}
        kept = [node for node, key in keys.items() if key in self.kept and self.behaviour.keeps and node != output]
        fault = self.behaviour.faults.pop(0) if self.behaviour.faults else ""
        await self._tell(client, "execution_start", {"prompt_id": id_}, messages)
        await self._tell(client, "execution_cached", {"nodes": kept, "prompt_id": id_}, messages)
        for node in keys:
            if node in kept:
                continue
            await self._tell(client, "executing", {"node": node, "display_node": node, "prompt_id": id_}, [])
            if nodes[node]["class_type"] in SAMPLING:
                await self._sample(id_, client, node, evaluation, fault)
            if fault == f"fails at {nodes[node]['class_type']}":
                text = {"exception_type": "ValueError", "exception_message": "a bad value\n", "traceback": []}
                raise _FailedError("execution_error", {"node_id": node, "node_type": nodes[node]["class_type"], **text})
        self.kept = set(keys.values()) | (self.kept if self.behaviour.keeps_all else set())
        pictures = evaluation.value(output)[0]
        outputs = await self._give(id_, client, output, nodes[output]["class_type"], pictures, fault)
        await self._tell(client, "execution_success", {"prompt_id": id_}, messages)
        return outputs

    async def _sample(self, id_: str, client: str, node: str, evaluation: Evaluation, fault: str) -> None:
        scene = evaluation.value(node)[0].scenes[-1]
        self.behaviour.drawn.append(scene)
        for step in range(1, scene.steps + 1):
            await asyncio.sleep(self.behaviour.step_s)
            if fault == "falls silent" and step == 2:
                await asyncio.Event().wait()
            await self._strike(fault, client, node, step)
            if id_ in self.stopped:
                raise _FailedError("execution_interrupted", {"node_id": node, "node_type": "KSampler", "executed": []})
            progress = {"value": step, "max": scene.steps, "prompt_id": id_, "node": node}
            await self._tell(client, "progress", progress, [])
            if self.behaviour.previews:
                await self._send_picture(client, SMALL_PNG, id_, node)

    async def _strike(self, fault: str, client: str, node: str, step: int) -> None:
        """A fault in mid-image."""
        if step != 2:
            return
        if fault == "dies":
            self.behaviour.on_death()
            await asyncio.Event().wait()
        if fault == "breaks" and client in self.sockets:
            await self.sockets.pop(client).close()
        if fault == "out of memory":
            text = {"exception_type": "torch.OutOfMemoryError", "exception_message": "Allocation on device 0\nTIPS"}
            raise _FailedError("execution_error", {"node_id": node, "node_type": "KSampler", "traceback": [], **text})
        if fault == "stopped by another":
            raise _FailedError("execution_interrupted", {"node_id": node, "node_type": "KSampler", "executed": []})

    async def _give(self, id_: str, client: str, node: str, kind: str, pictures: Sequence[Image], fault: str) -> dict[str, Any]:
        files = [_changed(picture, fault) for picture in pictures] * (2 if fault == "two images" else 1)
        if kind == "SaveImageWebsocket":
            for content in files if fault != "no image" else []:
                await self._send_picture(client, content, id_, node)
            return {}
        names = [f"temp_{len(self.files) + n:05}_.png" for n in range(len(files))]
        self.files |= dict(zip(names, files, strict=True))
        return {node: {"images": [{"filename": name, "subfolder": "", "type": "temp"} for name in names]}}

    async def _send_picture(self, client: str, content: bytes, id_: str, node: str) -> None:
        if client in self.with_origin:
            origin = json.dumps({"node_id": node, "prompt_id": id_, "image_type": "image/png"}).encode()
            message = struct.pack(">II", 4, len(origin)) + origin + content
        else:
            message = struct.pack(">II", 1, 2) + content
        await self._send(client, message)

    async def _tell(self, client: str, kind: str, data: Mapping[str, Any], messages: list[Any]) -> None:
        if kind.startswith("execution"):
            data = {**data, "timestamp": int(1000 * time.time())}
        messages.append([kind, dict(data)])
        await self._send(client, json.dumps({"type": kind, "data": data}))

    async def _send(self, client: str, message: str | bytes) -> None:
        socket = self.sockets.get(client)
        if socket is None:
            return
        changed = self.behaviour.on_message
        try:
            for each in [message] if changed is None else changed(message):
                await (socket.send_text(each) if isinstance(each, str) else socket.send_bytes(each))
        except Exception:
            # As the real server: who went away misses what is told.
            self.sockets.pop(client, None)


class _FailedError(Exception):
    def __init__(self, kind: str, data: Mapping[str, Any]) -> None:
        super().__init__(kind)
        self.kind, self.data = kind, data


def _changed(picture: Image, fault: str) -> bytes:
    from PIL import Image as Images

    if fault == "another size":
        picture = picture.resize((picture.width * 2, picture.height))
    if fault == "black":
        picture = Images.new("RGB", picture.size)
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=1)
    content = stream.getvalue()
    return {"no picture": b"<html>sorry</html>", "cut short": content[: len(content) // 2]}.get(fault, content)

"""Exchanges with a real ComfyUI: recorded by a server between it and the renderer, and played back to the renderer.

`python -m tests.optimizer.render.remote.comfyui.recording` records them anew (HUANHUA_COMFYUI, HUANHUA_COMFYUI_PYTHON).
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from models.errors import InputError
from optimizer.render.remote.server_lora import StudyLora
from optimizer.testing.fake_server import workflows
from optimizer.testing.fake_server.serving import serving
from tests.optimizer.render.remote.comfyui.drawn_with import job, renderer_over
from tests.optimizer.render.remote.comfyui.real_comfyui import RealComfyUI, real_comfyui, tiny

FOLDER: Final = Path(__file__).parent / "recorded"
SIZE: Final = (32, 48)
LARGEST: Final = 8000
"""Bytes of a message that is kept as it is."""
LARGE: Final = ("python_version", "pytorch_version", "argv", "ram_total", "ram_free")
"""Of /system_stats: what is of this machine alone."""


@dataclass
class Recorder:
    """Passes everything on to `upstream` and keeps it."""

    upstream: str
    hello: bool = True
    """Whether the client's first message reaches the server: older ones do not know it."""
    kept: list[dict[str, Any]] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(routes=[WebSocketRoute("/ws", self._ws), Route("/{path:path}", self._http, methods=["GET", "POST"])])

    async def _http(self, request: Request) -> Response:
        import httpx2

        if request.url.path == "/internal/folder_paths":
            # As a server of another machine: what is recorded is not of this one.
            self.kept.append({"ask": ["GET", request.url.path], "status": 404, "type": "text/plain", "answer": ""})
            return Response(status_code=404)
        sent = await request.body()
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        entry: dict[str, Any] = {"ask": [request.method, target]}
        self.kept.append(entry)
        async with httpx2.AsyncClient(trust_env=False, timeout=600) as client:
            answer = await client.request(request.method, self.upstream + target, content=sent)
        kind = answer.headers.get("content-type", "")
        entry |= {"sent": json.loads(sent) if sent else None, "status": answer.status_code, "type": kind}
        entry["answer"] = answer.json() if "json" in kind else base64.b64encode(answer.content).decode()
        return Response(answer.content, answer.status_code, media_type=kind)

    async def _ws(self, socket: WebSocket) -> None:
        from websockets.asyncio.client import connect

        await socket.accept()
        url = f"{self.upstream.replace('http', 'ws', 1)}/ws?{socket.url.query}"
        async with connect(url, max_size=None, proxy=None) as upstream:

            async def onward() -> None:
                try:
                    while True:
                        text = await socket.receive_text()
                        if self.hello:
                            await upstream.send(text)
                except (WebSocketDisconnect, RuntimeError):
                    await upstream.close()

            task = asyncio.create_task(onward())
            async for message in upstream:
                if isinstance(message, str):
                    self.kept.append({"text": json.loads(message)})
                    await socket.send_text(message)
                else:
                    self.kept.append({"binary": base64.b64encode(message).decode()})
                    await socket.send_bytes(message)
            await task


class Player:
    """Answers as was recorded; the prompts' ids are those of the one who asks."""

    def __init__(self, kept: list[dict[str, Any]]) -> None:
        self._asks = [entry for entry in kept if "ask" in entry]
        self._before, self._after = self._messages(kept)
        self._ids: dict[str, str] = {}
        self._used: set[int] = set()
        self._sockets: list[WebSocket] = []
        self.sent: list[Mapping[str, Any]] = []
        """Prompts that came, in order."""

    @staticmethod
    def _messages(kept: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
        """Messages before the first prompt, and after each."""
        before: list[dict[str, Any]] = []
        after: list[list[dict[str, Any]]] = []
        for entry in kept:
            if entry.get("ask") == ["POST", "/prompt"]:
                after.append([])
            elif "ask" not in entry:
                (after[-1] if after else before).append(entry)
        return before, after

    def app(self) -> Starlette:
        return Starlette(routes=[WebSocketRoute("/ws", self._ws), Route("/{path:path}", self._http, methods=["GET", "POST"])])

    async def _http(self, request: Request) -> Response:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        body = json.loads(await request.body() or b"null")
        for old, new in self._ids.items():
            target = target.replace(new, old)
        fits = [n for n, entry in enumerate(self._asks) if entry["ask"] == [request.method, target]]
        if not fits:
            return Response(status_code=404)
        at = next((n for n in fits if n not in self._used), fits[-1])
        self._used.add(at)
        entry = self._asks[at]
        if target == "/prompt":
            self._ids[entry["sent"]["prompt_id"]] = body["prompt_id"]
            self.sent.append(body["prompt"])
            asyncio.get_running_loop().call_later(0.01, self._tell_later, len(self.sent) - 1)
        answer = entry["answer"]
        content = base64.b64decode(answer) if isinstance(answer, str) else json.dumps(answer).encode()
        return Response(self._renamed(content), entry["status"], media_type=entry["type"])

    def _renamed(self, content: bytes) -> bytes:
        for old, new in self._ids.items():
            content = content.replace(old.encode(), new.encode())
        return content

    def _tell_later(self, number: int) -> None:
        self._task = asyncio.create_task(self._tell(self._after[number]))

    async def _tell(self, messages: list[dict[str, Any]]) -> None:
        for entry in messages:
            for socket in self._sockets:
                if "text" in entry:
                    await socket.send_text(self._renamed(json.dumps(entry["text"]).encode()).decode())
                else:
                    await socket.send_bytes(self._renamed(base64.b64decode(entry["binary"])))

    async def _ws(self, socket: WebSocket) -> None:
        await socket.accept()
        self._sockets.append(socket)
        await self._tell(self._before)
        try:
            while True:
                await socket.receive_text()
        except (WebSocketDisconnect, RuntimeError):
            self._sockets.remove(socket)


def _small(message: str) -> str:
    """Previews of steps are replaced by a small picture: their kind, node and prompt matter alone."""
    content = base64.b64decode(message)
    if len(content) <= LARGEST:
        return message
    start = content.index(b"\xff\xd8\xff")
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(stream, "JPEG")
    return base64.b64encode(content[:start] + stream.getvalue()).decode()


def _without_tracebacks(value: Any) -> Any:
    """A traceback holds places of the machine that recorded and lines of the program's source; nothing reads it."""
    if isinstance(value, dict):
        return {key: [] if key == "traceback" else _without_tracebacks(inner) for key, inner in value.items()}
    return [_without_tracebacks(inner) for inner in value] if isinstance(value, list) else value


def played(name: str) -> Player:
    return Player(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def _record(name: str, real: RealComfyUI, loras: list[StudyLora], do: Callable[[Any], object], *, hello: bool = True) -> None:
    recorder = Recorder(real.url, hello)
    with serving(recorder.app()) as between:
        renderer = renderer_over(between.url, tiny(workflows.plain(size=SIZE, steps=2)), loras)
        try:
            do(renderer)
        except InputError as error:
            sys.stderr.write(f"{name}: {error}\n")
        finally:
            renderer.close()
    for entry in recorder.kept:
        system = entry["answer"].get("system", {}) if isinstance(entry.get("answer"), dict) else {}
        for key in LARGE:
            system.pop(key, None)
        if "binary" in entry:
            entry["binary"] = _small(entry["binary"])
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(
        json.dumps(_without_tracebacks(recorder.kept), indent=None, separators=(",", ":")) + "\n", encoding="utf-8"
    )


def record() -> None:
    """Writes all files of `recorded`."""
    with tempfile.TemporaryDirectory() as folder, real_comfyui(Path(folder), "--preview-method", "latent2rgb") as real:
        loras = [StudyLora("dress", Path("dress.safetensors")), StudyLora("shoes", Path("shoes.safetensors"))]
        _record("drawn-twice", real, loras, lambda renderer: renderer.render([job(0.1, 0.2), job(0.1, 0.2)]))
        _record("without-origins", real, loras, lambda renderer: renderer.render([job(0.3, 0.2)]), hello=False)

        def damaged(renderer: Any) -> None:
            renderer.facts()
            (Path(folder) / "models/loras/shoes.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{damaged")
            renderer.render([job(0.5, 0.2)])

        _record("damaged-lora", real, loras, damaged)

        def gone(renderer: Any) -> None:
            renderer.facts()
            (Path(folder) / "models/loras/shoes.safetensors").unlink()
            renderer.render([job(0.6, 0.2)])

        _record("missing-lora", real, loras, gone)


if __name__ == "__main__":
    record()

"""A fake ComfyUI: its protocol over a `Paint`, with the faults of real servers as switches.

Routes, messages and refusals are those of ComfyUI 0.3.64. Graphs are executed by following their links: one that was filled
wrongly paints a wrong picture.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optimizer.testing.fake_server.comfyui_machine import Behaviour, Machine, Prompt
from optimizer.testing.fake_server.comfyui_nodes import CLASSES, object_info, validated

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.websockets import WebSocket


@dataclass
class FakeComfyUI(Behaviour):
    """Serve `app()`. Served by another event loop, it was killed and started again: queue, history and cache are lost."""

    def __post_init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._machine = Machine(self)

    def forget_pending(self) -> None:
        """As someone who clears the queue."""
        self._machine.pending.clear()

    def app(self) -> Starlette:
        from starlette.applications import Starlette
        from starlette.routing import Route, WebSocketRoute

        gets = {
            "/system_stats": self._stats,
            "/object_info": self._classes,
            "/object_info/{kind:path}": self._class,
            "/models/loras": lambda request: _json(list(self.loras)),
            "/view_metadata/loras": self._metadata,
            "/internal/folder_paths": self._folder_paths,
            "/queue": self._queue,
            "/history/{id}": lambda request: _json(self._history_of(request.path_params["id"])),
            "/history": lambda request: _json(dict(list(self._machine.history.items())[-1:])),
            "/view": self._view,
        }
        posts = {"/prompt": self._prompt, "/queue": self._delete, "/interrupt": self._interrupt, "/free": self._free}
        routes = [Route(path, self._counted(path, answer)) for path, answer in gets.items()]
        routes += [Route(path, self._counted(path, answer), methods=["POST"]) for path, answer in posts.items()]
        return Starlette(routes=[*routes, WebSocketRoute("/ws", self._ws)])

    def _counted(self, path: str, answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
        from starlette.responses import Response

        async def counted(request: Request) -> Response:
            self._notice_start()
            self.asked.append(path)
            if path in self.lacks:
                return Response(status_code=404)
            found = answer(request)
            response: Response = await found if asyncio.iscoroutine(found) else found
            if self.on_answer is None:
                return response
            status, content = self.on_answer(path, bytes(response.body))
            return Response(content, status, media_type=response.media_type)

        return counted

    def _notice_start(self) -> None:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._machine = Machine(self)

    def _stats(self, request: Request) -> Response:
        system = {"os": "posix", "comfyui_version": self.version, "python_version": "3.11"}
        return _json({"system": system, "devices": [{"name": "cpu", "type": "cpu", "index": None}]})

    def _known(self) -> list[str]:
        return [kind for kind in CLASSES if kind not in self.lacks]

    def _classes(self, request: Request) -> Response:
        return _json({kind: object_info(kind, self.lists) for kind in self._known()})

    def _class(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        return _json({kind: object_info(kind, self.lists)} if kind in self._known() else {})

    def _metadata(self, request: Request) -> Response:
        name = request.query_params.get("filename", "")
        return _json(dict(self.metadata[name])) if name in self.metadata else _json({}, 404)

    def _folder_paths(self, request: Request) -> Response:
        return _json({kind: [str(path) for path in paths] for kind, paths in self.folders.items()})

    def _queue(self, request: Request) -> Response:
        running = [self._machine.running] if self._machine.running is not None else []
        entries = [[[0, one.id, one.nodes, {}, []] for one in part] for part in (running, self._machine.pending)]
        return _json({"queue_running": entries[0], "queue_pending": entries[1]})

    def _history_of(self, id_: str) -> dict[str, Any]:
        return {id_: self._machine.history[id_]} if id_ in self._machine.history else {}

    def _view(self, request: Request) -> Response:
        from starlette.responses import Response

        name, kind = request.query_params.get("filename", ""), request.query_params.get("type", "output")
        content = self.pictures.get(name) if kind == "input" else self._machine.files.get(name)
        return Response(status_code=404) if content is None else Response(content, media_type="image/png")

    async def _prompt(self, request: Request) -> Response:
        body = await request.json()
        refusal = validated(body["prompt"], self._known(), self.lists)
        if refusal is not None:
            return _json(refusal, 400)
        prompt = Prompt(body["prompt_id"], body.get("client_id", ""), body["prompt"])
        self._machine.add(prompt)
        return _json({"prompt_id": prompt.id, "number": len(self.prompts), "node_errors": {}})

    async def _delete(self, request: Request) -> Response:
        gone = (await request.json()).get("delete", [])
        self._machine.pending = [entry for entry in self._machine.pending if entry.id not in gone]
        return _empty()

    async def _interrupt(self, request: Request) -> Response:
        self._machine.stopped.add((await request.json()).get("prompt_id", ""))
        return _empty()

    async def _free(self, request: Request) -> Response:
        if self.frees:
            self._machine.free()
        return _empty()

    async def _ws(self, socket: WebSocket) -> None:
        from starlette.websockets import WebSocketDisconnect

        self._notice_start()
        await socket.accept()
        id_ = socket.query_params.get("clientId", "")
        self._machine.sockets[id_] = socket
        await socket.send_json({"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 0}}, "sid": id_}})
        try:
            while True:
                hello = json.loads(await socket.receive_text())
                if self.origins and hello.get("type") == "feature_flags":
                    self._machine.with_origin.add(id_)
                    await socket.send_json({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
        except (WebSocketDisconnect, RuntimeError):
            self._machine.sockets.pop(id_, None)


def _json(content: Any, status: int = 200) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(content, status)


def _empty() -> Response:
    from starlette.responses import Response

    return Response(status_code=200)

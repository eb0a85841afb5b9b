"""Runs a fake server's application on a free port of this machine, in a thread."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.applications import Starlette


class Serving:
    """A server that can be stopped and started again at the same address, as one that was killed."""

    def __init__(self, app: Starlette, port: int | None = None) -> None:
        self.app = app
        self.port = port or free_port()
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        import uvicorn

        options: dict[str, Any] = {"log_level": "critical", "ws": "websockets-sansio", "lifespan": "off"}
        config = uvicorn.Config(self.app, host="127.0.0.1", port=self.port, timeout_graceful_shutdown=0, **options)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the fake server did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """At once: requests in flight are broken off."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(20)
        self._server = self._thread = None


@contextmanager
def serving(app: Starlette) -> Iterator[Serving]:
    """The application, served until the block ends."""
    server = Serving(app)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

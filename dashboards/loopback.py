"""Pages that only who sits at this machine may use: on loopback, below a random token.

A request from another page, through another host name (DNS rebinding), or without the token is refused, so that no web site can
read what a page shows or write in its name.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from dashboards.media_types import TYPES
from dashboards.optuna_server import HOST
from dashboards.processes import POLL_S
from models.errors import InputError
from models.language.translate import phrase

HOST_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
"""Names under which a browser reaches loopback, also through a tunnel with another port."""
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
COLOURS: Final = Path(__file__).parent / "lookbook" / "page" / "colours.css"
LARGEST_POST: Final = 10_000
"""Bytes that are looked at."""
LARGEST_READ: Final = 1_000_000
"""Bytes that are read at all."""


def page_files(page: Path, *others: str) -> dict[str, Path]:
    """A page by the paths at which it is served: its HTML at the top, `others` beside it, and the colours that pages share."""
    return {"": page, COLOURS.name: COLOURS, **{name: page.with_name(name) for name in others}}


class GuardedHandler(BaseHTTPRequestHandler):
    """One request. A page's handler has `files`, which are served as they lie, and `get` and `post`, which are given the path
    below the token.

    Both may raise InputError: the page is answered with its text.
    """

    timeout = 60
    token: str
    files: Mapping[str, Path]

    def get(self, path: str) -> None:
        """Answers for a path that is no file's, or calls `refuse`."""
        raise NotImplementedError

    def post(self, path: str, body: bytes) -> None:
        """As `get`, for JSON that the page itself sends."""
        raise NotImplementedError

    def do_GET(self) -> None:
        path = self._allowed()
        if path is None:
            return
        try:
            if path in self.files:
                self.answer(self.files[path].read_bytes(), TYPES[self.files[path].suffix[1:]])
            else:
                self.get(path)
        except InputError as error:
            self.refuse(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        # Read even where it is refused: a connection that is closed on unread bytes may lose the answer.
        body = self.rfile.read(min(int(length), LARGEST_READ)) if length.isdecimal() else b""
        path = self._allowed()
        if path is None:
            return
        if self.headers.get("Origin") != f"http://{self.headers.get('Host')}":
            self.refuse(HTTPStatus.FORBIDDEN, "another page asks")
            return
        if self.headers.get_content_type() != "application/json":
            self.refuse(HTTPStatus.BAD_REQUEST, "no JSON")
        elif len(body) > LARGEST_POST:
            self.refuse(HTTPStatus.BAD_REQUEST, "too long")
        else:
            try:
                self.post(path, body)
            except InputError as error:
                self.refuse(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))

    def answer_json(self, content: Any) -> None:
        self.answer(json.dumps(content).encode(), TYPES["json"])

    def refuse(self, status: HTTPStatus, why: str) -> None:
        self.answer(json.dumps({"error": why}).encode(), TYPES["json"], status)

    def answer(self, body: bytes, content_type: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": content_type, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: the terminal belongs to the person."""

    def _allowed(self) -> str | None:
        """The path below the token; None if the request was refused."""
        host = self.headers.get("Host", "")
        if host.rpartition(":")[0] not in HOST_NAMES and host not in HOST_NAMES:
            self.refuse(HTTPStatus.FORBIDDEN, "another host name")
            return None
        # A link elsewhere may lead to the page itself, never to what it loads.
        site = self.headers.get("Sec-Fetch-Site", "none")
        token, _, path = urlsplit(self.path).path.removeprefix("/").partition("/")
        foreign = site not in ("none", "same-origin") and path
        if not hmac.compare_digest(token.encode(), self.token.encode()) or foreign:
            self.refuse(HTTPStatus.FORBIDDEN, "open the address that the terminal shows")
            return None
        return path


@contextmanager
def serving_page(handler: type[GuardedHandler], port: int = 0) -> Iterator[str]:
    """The page's address, for as long as the block lasts. Raises InputError for a port that is taken."""
    handler.token = secrets.token_urlsafe(18)
    try:
        server = ThreadingHTTPServer((HOST, port), handler)
    except (OSError, OverflowError) as error:
        raise InputError(
            phrase("the page cannot use this port ({error})", error=error), port, "leave --port out, or name a free one"
        ) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/{handler.token}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def until_stopped(ended: Callable[[], bool] = lambda: False) -> None:
    """Waits until `ended`, or a signal of `stopped_by_signals`."""
    while not ended():
        time.sleep(POLL_S)

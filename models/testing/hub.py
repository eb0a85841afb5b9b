"""A hub on this machine: the resolve endpoint that huggingface_hub asks, with ranges, and downloads that break off."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Hub:
    """Serves `files` by "owner/name/file". The first download of a file in `broken` ends in its middle; files in `lies` are
    announced with another hash. `asked` lists method, path, range and authorisation of each request."""

    files: Mapping[str, bytes]
    broken: set[str] = field(default_factory=set)
    lies: set[str] = field(default_factory=set)
    asked: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)
    address: str = ""

    def etag(self, name: str) -> str:
        return hashlib.sha256(self.files[name] + (b"another" if name in self.lies else b"")).hexdigest()


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            given = self.headers.get("Range")
            hub.asked.append((self.command, self.path, given, self.headers.get("Authorization")))
            name = self.path.lstrip("/").replace("/resolve/main", "")
            if name not in hub.files:
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            data = hub.files[name]
            start = int(given.removeprefix("bytes=").split("-")[0]) if given else 0
            self.send_response(206 if given else 200)
            if given:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - start))
            self.send_header("ETag", f'"{hub.etag(name)}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.end_headers()
            if not body:
                return
            if name in hub.broken:
                hub.broken.discard(name)
                self.wfile.write(data[: len(data) // 2])
                self.close_connection = True
                return
            self.wfile.write(data[start:])

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

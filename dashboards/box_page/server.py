"""Serves the page that draws boxes: on loopback, to who has its address, nothing but the album's photos.

The address holds a random token. A request from another page, through another host name (DNS rebinding), or without the token is
refused, so that no web site can read the photos or write boxes.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from dashboards.box_page.album import Album, state, whole_pixels
from dashboards.box_page.pictures import Pictures
from dashboards.processes import POLL_S, stopped_by_signals
from models.boxes import DrawnBoxes, PixelBox, ShareBox
from models.errors import InputError

HOST: Final = "127.0.0.1"
HOST_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
"""Names under which a browser reaches loopback, also through a tunnel with another port."""
PAGE: Final = Path(__file__).parent / "page"
COLOURS: Final = Path(__file__).parents[1] / "lookbook" / "page" / "colours.css"
FILES: Final = {
    "": (PAGE / "boxes.html", "text/html; charset=utf-8"),
    "boxes.css": (PAGE / "boxes.css", "text/css; charset=utf-8"),
    "colours.css": (COLOURS, "text/css; charset=utf-8"),
    **{name: (PAGE / name, "text/javascript; charset=utf-8") for name in ("boxes.js", "geometry.js", "stage.js", "words.js")},
}
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
LARGEST_POST: Final = 10_000
"""Bytes that are looked at."""
LARGEST_READ: Final = 1_000_000
"""Bytes that are read at all."""


@contextmanager
def serving(album: Album, port: int = 0) -> Iterator[str]:
    """The page's address, for as long as the block lasts. Raises InputError for a port that is taken."""
    token = secrets.token_urlsafe(18)
    pictures, lock = Pictures(album), threading.Lock()

    class Handler(_Handler):
        pass

    Handler.album, Handler.pictures, Handler.lock, Handler.token = album, pictures, lock, token
    try:
        server = ThreadingHTTPServer((HOST, port), Handler)
    except (OSError, OverflowError) as error:
        raise InputError(f"the page cannot use this port ({error})", port, "leave --port out, or name a free one") from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/{token}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def serve(album: Album, on_start: Callable[[str], None], port: int = 0) -> None:
    """Serves the page until Ctrl-C, SIGTERM or a closed terminal; `on_start` is called with its address.

    Raises InputError for a port that is taken.
    """
    with stopped_by_signals(), serving(album, port) as address:
        on_start(address)
        while True:
            time.sleep(POLL_S)


class _Handler(BaseHTTPRequestHandler):
    """One request. Paths below the token: the page's files, `photos`, `photo/N`, `thumb/N`, `boxes/N`."""

    timeout = 60
    album: Album
    pictures: Pictures
    lock: threading.Lock
    token: str

    def do_GET(self) -> None:
        path = self._allowed()
        if path is None:
            return
        kind, _, number = path.partition("/")
        try:
            if path in FILES:
                file, content_type = FILES[path]
                self._answer(file.read_bytes(), content_type)
            elif path == "photos":
                self._answer_json(self._photos())
            elif kind in ("photo", "thumb", "boxes") and (name := self._name(number)) is not None:
                self._answer_photo(kind, name)
            else:
                self._refuse(HTTPStatus.NOT_FOUND, "nothing is here")
        except InputError as error:
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))

    def do_POST(self) -> None:
        """Keeps the boxes of one photo."""
        length = self.headers.get("Content-Length", "")
        # Read even where it is refused: a connection that is closed on unread bytes may lose the answer.
        body = self.rfile.read(min(int(length), LARGEST_READ)) if length.isdecimal() else b""
        path = self._allowed()
        if path is None:
            return
        if self.headers.get("Origin") != f"http://{self.headers.get('Host')}":
            self._refuse(HTTPStatus.FORBIDDEN, "another page asks")
            return
        name = self._name(path.removeprefix("boxes/")) if path.startswith("boxes/") else None
        if name is None or self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.BAD_REQUEST, "not the boxes of a photo")
        elif len(body) > LARGEST_POST:
            self._refuse(HTTPStatus.BAD_REQUEST, "too long")
        else:
            self._keep(name, body)

    def _keep(self, name: str, body: bytes) -> None:
        try:
            made = _posted(json.loads(body), self.pictures.size(name))
            with self.lock:
                self.album.keep(name, made)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self._refuse(HTTPStatus.BAD_REQUEST, "not the boxes of a photo")
        except InputError as error:
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        else:
            self._answer_json({"state": state(made)})

    def _photos(self) -> dict[str, Any]:
        with self.lock:
            kept = self.album.boxes()
        photos = [{"name": name, "state": state(kept.get(name, DrawnBoxes()))} for name in self.album.names]
        return {"title": self.album.title, "file": self.album.file, "photos": photos}

    def _answer_photo(self, kind: str, name: str) -> None:
        if kind == "boxes":
            with self.lock:
                kept = self.album.boxes().get(name, DrawnBoxes())
            self._answer_json(self.pictures.described(name, kept))
        else:
            self._answer(self.pictures.jpeg(name, small=kind == "thumb"), "image/jpeg")

    def _name(self, number: str) -> str | None:
        names = self.album.names
        return names[int(number)] if number.isdecimal() and len(number) < 7 and int(number) < len(names) else None

    def _allowed(self) -> str | None:
        """The path below the token; None if the request was refused."""
        host = self.headers.get("Host", "")
        if host.rpartition(":")[0] not in HOST_NAMES and host not in HOST_NAMES:
            self._refuse(HTTPStatus.FORBIDDEN, "another host name")
            return None
        # A link elsewhere may lead to the page itself, never to what it loads.
        site = self.headers.get("Sec-Fetch-Site", "none")
        token, _, path = urlsplit(self.path).path.removeprefix("/").partition("/")
        foreign = site not in ("none", "same-origin") and path
        if not hmac.compare_digest(token.encode(), self.token.encode()) or foreign:
            self._refuse(HTTPStatus.FORBIDDEN, "open the address that the terminal shows")
            return None
        return path

    def _answer_json(self, content: Any) -> None:
        self._answer(json.dumps(content).encode(), "application/json")

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._answer(json.dumps({"error": why}).encode(), "application/json", status)

    def _answer(self, body: bytes, content_type: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": content_type, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: the terminal belongs to the person."""


def _posted(content: dict[str, Any], size: tuple[int, int]) -> DrawnBoxes:
    """What the page sent, in pixels. Raises one of several errors for another form.

    A thing alone is marked as a person's only if nobody wears it: else its wearer is still to be found.
    """
    boxes: dict[str, PixelBox | None] = {}
    for key in ("thing", "wearer"):
        sides = content[key]
        if sides is None:
            boxes[key] = None
            continue
        if len(sides) != 4 or not all(isinstance(side, (int, float)) and -9 < side < 9 for side in sides):
            raise ValueError("four shares are needed")
        boxes[key] = whole_pixels(ShareBox(*sides), size)
    thing, wearer = boxes["thing"], None if content["nobody"] is True else boxes["wearer"]
    by_hand = thing is not None and (wearer is not None or content["nobody"] is True)
    return DrawnBoxes(thing, wearer, by_hand, content["skip"] is True)

"""Stands before every request: host name, origin, token, size; and puts the security headers on every answer.

No web site can read what the service shows or write in its name: writes are JSON from the same origin, and beyond loopback they
carry the token in a header. A cookie, which a browser would send by itself, only lets pictures be read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import nullcontext
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final

from dashboards.loopback import HEADERS
from models.language.translate import Language, said, speaking
from studies.service.rest import rate
from studies.service.rest.door import Door
from studies.service.rest.problems import problem
from studies.service.rest.rate import Rate

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "huanhua"
READS: Final = ("GET", "HEAD")
API: Final = "/api/"
CLOSED: Final = (API, "/openapi.json")
"""Where the token is asked for: the page itself holds nothing."""
LARGEST_BODY: Final = 100_000
"""Bytes of a request."""
PHOTOS: Final = re.compile(r"/api/sets/[^/]+/photos")
"""Where photos are sent: no JSON, and larger."""
LARGEST_PHOTO: Final = 50_000_000
"""Bytes of one."""
PHOTOS_AT_ONCE: Final = 2
"""Photos whose bytes are in memory; others wait."""
WRONG_S: Final = 0.5
"""Seconds that a wrong token costs."""


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door
        self._photos = asyncio.Semaphore(PHOTOS_AT_ONCE)
        self._reads, self._writes, self._wrong = Rate(rate.READS), Rate(rate.WRITES), Rate(rate.TOKENS)
        self._guessed: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # no websockets here
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}

        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_security(message["headers"])]}
            await send(message)

        with speaking(_language(headers)):
            if wait := self._wait_s(scope):
                again = said("too many requests: try again in {seconds} s", seconds=wait)
                await problem(429, again, {"retry-after": str(wait)})(scope, receive, guarded_send)
                return
            refusal = await self._refusal(scope, headers)
            if refusal is not None:
                await problem(*refusal)(scope, receive, guarded_send)
                return
            async with self._photos if _is_photo(scope) else nullcontext():
                await self._answer(scope, receive, guarded_send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive, _largest(scope)) if scope["method"] not in READS else b""
        if body is None:
            await problem(413, _too_long(scope))(scope, receive, send)
            return
        await self._app(scope, _again(body, receive), send)

    async def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """Why a request is refused, with its status."""
        if not self._door.knows_host(headers.get("host", "")):
            return 403, said("another host name: open the address that the terminal shows")
        site, reads = headers.get("sec-fetch-site", "none"), scope["method"] in READS
        # A link elsewhere may lead to the page itself, never to what it loads.
        if site not in ("none", "same-origin") and (scope["path"] != "/" or not reads):
            return 403, said("another page asks: open the address that the terminal shows")
        origin = headers.get("origin")
        if origin is not None and origin != f"{scope['scheme']}://{headers.get('host')}":
            return 403, said("another page asks: open the address that the terminal shows")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > _largest(scope):
            return 413, _too_long(scope)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if _is_photo(scope):
            # Neither is what a form of another page could send.
            if not kind.startswith("image/") and kind != "application/octet-stream":
                return 400, said("no photo: send its bytes as image/jpeg or application/octet-stream")
        elif not reads and length != "0" and kind != "application/json":
            return 400, said("no JSON: send the body as application/json")
        if self._door.digest is not None and scope["path"].startswith(CLOSED) and not self._has_token(headers, reads=reads):
            self._count_wrong(_client(scope), headers)
            await asyncio.sleep(WRONG_S)
            return 401, said(
                "the service asks for its token: the terminal showed it once; `huanhua serve --new-token` makes another"
            )
        return None

    def _wait_s(self, scope: Scope) -> int:
        """Seconds that this client has to wait; 0 where it may ask. Who guesses tokens waits longest."""
        client, reads = _client(scope), scope["method"] in READS
        return self._wrong.is_spent(client) or (self._reads if reads else self._writes).wait_s(client)

    def _count_wrong(self, client: str, headers: Mapping[str, str]) -> None:
        """Each wrong token once: a page with an old one asks for many pictures, and one without any guesses nothing."""
        given = headers.get("authorization", "") + headers.get("cookie", "")
        if given and self._guessed.get(client) != given:
            self._wrong.wait_s(client)
            self._guessed[client] = given
            while len(self._guessed) > rate.CLIENTS:
                del self._guessed[next(iter(self._guessed))]

    def _has_token(self, headers: Mapping[str, str], *, reads: bool) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._door.opens(token.strip()):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return reads and cookie is not None and self._door.opens(cookie.value)


def _client(scope: Scope) -> str:
    """Its address: nothing here trusts what a proxy's header says."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _is_photo(scope: Scope) -> bool:
    return scope["method"] == "POST" and PHOTOS.fullmatch(scope["path"]) is not None


def _largest(scope: Scope) -> int:
    return LARGEST_PHOTO if _is_photo(scope) else LARGEST_BODY


async def _body(receive: Receive, largest: int) -> bytes | None:
    """The whole body, whose length a client need not say; None if it is too long."""
    read = bytearray()
    while True:
        message = await receive()
        read += message.get("body", b"")
        if len(read) > largest:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(read)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read, and then what comes after it: the end of the connection."""
    given = False

    async def once_more() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once_more


def _too_long(scope: Scope) -> str:
    return said("too long: at most {bytes} bytes", bytes=_largest(scope))


def _security(given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers that the answer has not set itself."""
    names = {name.lower() for name, _ in given}
    made = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
    return [*((name, value) for name, value in made if name not in names), (b"vary", b"accept-language")]


def _language(headers: Mapping[str, str]) -> Language:
    return "zh" if headers.get("accept-language", "").strip().lower().startswith("zh") else "en"

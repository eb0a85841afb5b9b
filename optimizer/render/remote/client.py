"""HTTP as the drawing servers need it: bounded answers, patience with a server that is away, one line for what goes wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from models.errors import InputError, first_line
from models.language.translate import phrase
from optimizer.render.remote.address import CREDENTIALS, Address, Credentials

LARGEST: Final = 64 * 2**20
"""Bytes of a picture."""
LARGEST_JSON: Final = LARGEST * 4 // 3 + 2**20
"""Bytes of an answer that carries a picture in base64."""
PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds between tries while a server is away: a minute, in which one that was killed is started again."""
CONNECT_S: Final = 5.0
ANSWER_S: Final = 600.0
"""The longest silence of a server that draws."""


class ServerAwayError(InputError):
    """The server does not answer, or stops in the middle. A second try may succeed."""


class RefusedError(InputError):
    """The server answered with an error. `status` is HTTP's, `answer` its JSON, None if it has none."""

    def __init__(self, what: str, where: object, mend: str, status: int = 0, answer: Any = None) -> None:
        super().__init__(what, where, mend)
        self.status, self.answer = status, answer

    def __reduce__(self) -> Any:
        return type(self), (self.what, self.where, self.mend, self.status, self.answer)


@dataclass(frozen=True)
class Patience:
    """How long a server that is away is waited for."""

    pauses: Sequence[float] = PAUSES
    """Seconds; one try more than there are pauses."""
    sleep: Callable[[float], None] = time.sleep


class Client:
    """Asks one server. All methods raise `ServerAwayError`, `RefusedError`, or an InputError for what is no answer of an API."""

    def __init__(self, place: Address, credentials: Credentials, patience: Patience | None = None) -> None:
        import httpx2

        self.place = place
        self.credentials = credentials
        self.patience = patience or Patience()
        # A proxy that the environment names must not see what stays on this machine.
        self._http = httpx2.Client(
            base_url=place.url,
            headers=credentials.header(),
            timeout=httpx2.Timeout(ANSWER_S, connect=CONNECT_S),
            trust_env=not place.loopback,
            follow_redirects=False,
        )

    @property
    def url(self) -> str:
        return self.place.url

    def close(self) -> None:
        self._http.close()

    def get(
        self, path: str, query: Mapping[str, str] | None = None, *, patiently: bool = True, answer_s: float = ANSWER_S
    ) -> Any:
        """The JSON at `path`. Not `patiently`, one try; `answer_s` is the longest silence that is waited for."""

        def ask() -> _Answer:
            return self._ask("GET", path, LARGEST_JSON, query=query, answer_s=answer_s)

        return self._json(self._patiently(ask) if patiently else ask())

    def get_bytes(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        """The content at `path`, of at most `LARGEST` bytes."""
        return self._patiently(lambda: self._ask("GET", path, LARGEST, query=query)).content

    def post(self, path: str, sent: Mapping[str, Any], *, patiently: bool = True, answer_s: float | None = ANSWER_S) -> Any:
        """The JSON that answers `sent`; None for an empty answer.

        Not `patiently`, one try: for requests that must not reach the server twice. `answer_s` is the longest silence that is
        waited for; None has no end, for a caller that watches the server itself.
        """

        def ask() -> _Answer:
            return self._ask("POST", path, LARGEST_JSON, sent=sent, answer_s=answer_s)

        answer = self._patiently(ask) if patiently else ask()
        return self._json(answer) if answer.content.strip() else None

    def _patiently(self, ask: Callable[[], _Answer]) -> _Answer:
        for pause in self.patience.pauses:
            try:
                return ask()
            except ServerAwayError:
                self.patience.sleep(pause)
        return ask()

    def _ask(
        self,
        method: str,
        path: str,
        limit: int,
        *,
        query: Mapping[str, str] | None = None,
        sent: Mapping[str, Any] | None = None,
        answer_s: float | None = ANSWER_S,
    ) -> _Answer:
        import httpx2

        silence = httpx2.Timeout(answer_s, connect=CONNECT_S)
        with self._one_line(), self._http.stream(method, path, params=query, json=sent, timeout=silence) as response:
            content = bytearray()
            for part in response.iter_bytes():
                content += part
                if len(content) > limit:
                    raise InputError(
                        phrase("an answer of more than {limit} MB", limit=limit // 2**20), self.url, "draw smaller pictures"
                    )
            answer = _Answer(response.status_code, response.headers.get("content-type", ""), bytes(content))
        self._check(answer, path)
        return answer

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        import httpx2

        try:
            yield
        except httpx2.ConnectError as error:
            raise ServerAwayError(
                phrase("no server answers ({error})", error=first_line(error)), self.url, "start it, or mend draw.url"
            ) from error
        except httpx2.TimeoutException as error:
            what = phrase("the server was silent too long ({kind})", kind=type(error).__name__)
            raise ServerAwayError(what, self.url, "see its log, then run again: nothing that was drawn is lost") from error
        except httpx2.HTTPError as error:
            what = phrase("the server broke off ({error})", error=first_line(error))
            raise ServerAwayError(what, self.url, "see its log, then run again: nothing that was drawn is lost") from error
        except httpx2.InvalidURL as error:
            raise InputError("not an address of a server", self.url, "write it as http://127.0.0.1:8188") from error

    def _check(self, answer: _Answer, path: str) -> None:
        if answer.status in (401, 403):
            raise RefusedError("the server refuses to serve us", self.url, CREDENTIALS, answer.status)
        if 300 <= answer.status < 400:
            raise RefusedError("the server sends us to another page, such as a login", self.url, CREDENTIALS, answer.status)
        if answer.status in (502, 503, 504):
            # What a proxy answers while the server behind it is started again.
            raise ServerAwayError(
                phrase("no server answers behind a proxy ({status})", status=answer.status), self.url, "start it"
            )
        if answer.status >= 400:
            stated = _parsed(answer.content)
            what = phrase("the server refused {path} ({status}{reason})", path=path, status=answer.status, reason=_reason(stated))
            raise RefusedError(what, self.url, "see its log", answer.status, stated)
        if answer.kind.startswith("text/html"):
            raise InputError(
                "a web page answers, not an API: a login, or another program",
                self.url,
                phrase("mend draw.url, or {credentials}", credentials=CREDENTIALS),
            )

    def _json(self, answer: _Answer) -> Any:
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            raise InputError("another program answers, or a damaged answer: no JSON", self.url, "mend draw.url") from error


@dataclass(frozen=True)
class _Answer:
    status: int
    kind: str
    content: bytes


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _reason(stated: Any) -> str:
    """What an error's JSON states, in at most 160 printable letters."""
    found = stated
    for key in ("error", "detail", "message", "errors"):
        if isinstance(stated, dict) and stated.get(key):
            found = stated[key]
            break
    if isinstance(found, dict):
        found = found.get("message") or found
    if found in (None, ""):
        return ""
    return ": " + "".join(c for c in " ".join(str(found).split()) if c.isprintable())[:160]

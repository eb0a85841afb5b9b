"""A WebSocket to a ComfyUI server."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from models.errors import InputError, first_line
from models.language.translate import phrase
from optimizer.render.remote.address import CREDENTIALS, Address, Credentials
from optimizer.render.remote.client import CONNECT_S, LARGEST, RefusedError, ServerAwayError
from optimizer.render.remote.comfyui.events import HELLO, Event, event_of

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

LARGEST_MESSAGE: Final = LARGEST + 2**20
"""Bytes: a picture, and who made it."""


class Connection:
    """Events of the prompts that are sent under its client id. All methods raise `ServerAwayError` once it is broken.

    Each has an id of its own: a server that notices late that an earlier connection ended would end the later one of the same id.
    """

    def __init__(self, place: Address, credentials: Credentials) -> None:
        """Raises `ServerAwayError`, or InputError for a server that has no such WebSocket or asks for credentials."""
        self.client_id = uuid.uuid4().hex
        self._url = place.url
        self._open = ExitStack()
        self._socket = self._open.enter_context(_connect(place, credentials, self.client_id))
        self.send(HELLO)

    def send(self, message: str) -> None:
        from websockets.exceptions import WebSocketException

        try:
            self._socket.send(message)
        except (WebSocketException, OSError) as error:
            raise self._broken(error) from error

    def event(self, seconds: float) -> Event:
        """The next one, at the latest after `seconds`: None if none came. Raises InputError for a message beyond the limit."""
        from websockets.exceptions import ConnectionClosed, WebSocketException

        try:
            return event_of(self._socket.recv(timeout=seconds))
        except TimeoutError:
            return None
        except (WebSocketException, OSError) as error:
            # RFC 6455, 7.4.1: we end a connection with 1009 for a message that is too large.
            if isinstance(error, ConnectionClosed) and error.sent is not None and error.sent.code == 1009:
                what = phrase(
                    "the server sends a message of more than {largest_message} MB", largest_message=LARGEST_MESSAGE // 2**20
                )
                raise InputError(what, self._url, "draw smaller pictures") from error
            raise self._broken(error) from error

    def close(self) -> None:
        """Without waiting for a server that may be gone."""
        self._socket.close_timeout = 0.2
        self._open.close()

    def _broken(self, error: Exception) -> ServerAwayError:
        what = phrase("the server broke off ({error})", error=first_line(error))
        return ServerAwayError(what, self._url, "see its log, then run again: nothing that was drawn is lost")


def _connect(place: Address, credentials: Credentials, client_id: str) -> ClientConnection:
    from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException
    from websockets.sync.client import connect

    try:
        return connect(
            f"{place.websocket}/ws?clientId={client_id}",
            additional_headers=credentials.header(),
            proxy=None if place.loopback else True,
            max_size=LARGEST_MESSAGE,
            open_timeout=CONNECT_S,
            # Pictures are compressed already.
            compression=None,
            # A server that computes in Python may not answer pings for long.
            ping_interval=None,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        if status == 401:
            raise RefusedError("the server refuses to serve us", place.url, CREDENTIALS, status) from error
        if status in (502, 503, 504):
            raise ServerAwayError(
                phrase("no server answers behind a proxy ({status})", status=status), place.url, "start it"
            ) from error
        raise _other(place, phrase("no WebSocket at /ws ({status})", status=status)) from error
    except InvalidHandshake as error:
        raise _other(place, phrase("no WebSocket at /ws ({error})", error=first_line(error))) from error
    except (WebSocketException, OSError, EOFError) as error:
        what = phrase("no server answers ({error})", error=first_line(error))
        raise ServerAwayError(what, place.url, "start it, or mend draw.url") from error


def _other(place: Address, why: str) -> InputError:
    return InputError(
        phrase("another program than ComfyUI answers: {why}", why=why),
        place.url,
        phrase("mend draw.url, or {credentials}", credentials=CREDENTIALS),
    )

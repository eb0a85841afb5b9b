"""Keeps the service up on one address until it is told to end."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import phrase
from studies.service.only_service import only_service
from studies.service.rest.door import Door, door_at
from studies.service.rooms import Rooms

if TYPE_CHECKING:
    import uvicorn

    from studies.service.rest.house import House

PORT: Final = 8270
LEAVE_S: Final = 2
"""Seconds that pages have to end their requests."""


@dataclass(frozen=True)
class Place:
    """Where a service listens."""

    host: str
    port: int
    """0: a free one."""


def serve(rooms: Rooms, place: Place, on_start: Callable[[str, str | None], None], *, new_token: bool = False) -> None:
    """Serves until Ctrl-C, SIGTERM or a closed terminal; `on_start` is called with the page's address, and with the
    token where one was made just now. Its worker ends with it, and the next service goes on with what that was at.

    Raises InputError for an address or a port that cannot be had, and TakenError for a folder that another service has, or
    of which another has a study.
    """
    from studies.service.rest.house import house_of

    host = f"[{place.host}]" if ":" in place.host else place.host
    with only_service(rooms) as note, _bound(place) as bound:
        house = house_of(rooms)
        # Not before the address is had: a token that was stored and never shown would lock everybody out.
        door, token = door_at(place.host, rooms, new_token=new_token)
        server = _server(house, door)
        address = f"http://{host}:{bound.getsockname()[1]}/"
        note(address)
        on_start(address, token)
        server.run(sockets=[bound])


def _server(house: House, door: Door) -> uvicorn.Server:
    """Ends on the signals that end a service."""
    import uvicorn

    from studies.service.rest.app import guarded

    config = uvicorn.Config(
        guarded(house, door), log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=LEAVE_S
    )

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            house.feed.end()  # an open stream of events would hold the service up
            super().handle_exit(sig, frame)

    server = Server(config)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, server.handle_exit)
    return server


def _bound(place: Place) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    made = socket.socket(family)
    try:
        # A service that was killed can be started again at once; two at a time are refused all the same.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((place.host, place.port))
        made.listen()
    except (OSError, OverflowError) as error:
        made.close()
        what = phrase("the page cannot be served there ({why})", why=getattr(error, "strerror", None) or error)
        raise InputError(what, f"{place.host}:{place.port}", "name another: --port, --host") from error
    return made

"""One service has a study: a second one of its folder, or of one above or below it, is refused with the first one's address."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from models.errors import InputError, TakenError
from models.io.files import write_whole
from models.language.translate import phrase
from studies.service.rooms import STATE, Rooms

LOCK: Final = "serve.lock"
NAMED: Final = "serve.address"
"""In the service's folder: where its page is."""
BEGINS_S: Final = 3.0
"""Seconds that a service may take from its lock to its page."""


@contextmanager
def only_service(rooms: Rooms) -> Iterator[Callable[[str], None]]:
    """This process is the one service of the folder's studies while the block lasts; what it gives notes the address for who
    comes too. Raises TakenError where another has the folder, or one of its studies."""
    from filelock import FileLock, Timeout

    from models.io.disk import writing

    named = rooms.state / NAMED
    with writing(rooms.state):
        rooms.state.mkdir(exist_ok=True)
        lock = FileLock(rooms.state / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise _taken("this folder is served already", rooms.root) from error
    try:
        for place in _around(rooms):
            if _is_served(place) and _shared(rooms, place):
                raise _taken("a study of this folder is served already", place)
        yield lambda address: write_whole(named, address.encode())
    finally:
        named.unlink(missing_ok=True)
        lock.release()


def _around(rooms: Rooms) -> list[Path]:
    """Folders whose service may have a study of this one: those above it, and its studies with what lies between."""
    root = rooms.root
    inside = [folder for folder in (rooms.studies_folder, *rooms.folders().values()) if folder != root]
    return list(dict.fromkeys([root.parent, root.parent.parent, *inside]))


def _shared(rooms: Rooms, place: Path) -> bool:
    try:
        return bool(set(rooms.folders().values()) & set(Rooms(place).folders().values()))
    except (InputError, OSError):
        return False


def _is_served(place: Path) -> bool:
    from filelock import FileLock, Timeout

    file = place / STATE / LOCK
    if not file.is_file():
        return False
    try:
        with FileLock(file, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # of a folder that somebody else has
        return False


def _taken(what: str, place: Path) -> TakenError:
    """With the address of the service there, which it notes as soon as it has one."""
    named, until = place / STATE / NAMED, time.monotonic() + BEGINS_S
    while not named.is_file() and time.monotonic() < until:
        time.sleep(0.05)
    if not named.is_file():
        return TakenError(what, place, "that service is only beginning: wait, or end it first")
    return TakenError(
        what, place, phrase("open that page ({address}), or end that service first", address=named.read_text(encoding="utf-8"))
    )

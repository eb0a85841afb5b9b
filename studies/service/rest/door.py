"""Who may ask: this machine, and beyond it who has the token."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dashboards.loopback import HOST_NAMES
from models.errors import InputError
from models.io.files import write_whole
from studies.service.rooms import Rooms

FILE: Final = "token.json"
"""In the service's folder."""
BYTES: Final = 24
"""Of a token, random."""


@dataclass(frozen=True)
class Door:
    """The host names that the service answers to, and the SHA-256 of its token; None on loopback, where none is asked for."""

    names: tuple[str, ...] = HOST_NAMES
    digest: str | None = None

    def knows_host(self, host: str) -> bool:
        """By a request's Host header, with or without a port."""
        return host in self.names or host.rpartition(":")[0] in self.names

    def opens(self, token: str) -> bool:
        """Whether it is the token."""
        return self.digest is None or hmac.compare_digest(_digest(token), self.digest)


def door_at(host: str, rooms: Rooms, *, new_token: bool) -> tuple[Door, str | None]:
    """The door of a service at an address, and its token where one was made just now: it is shown once, and only its hash is
    stored.

    Raises InputError for every address at once.
    """
    if host in HOST_NAMES or host == "::1":
        return Door(), None
    if host in ("0.0.0.0", "::", "*"):
        raise InputError("every address at once is too many", "--host", "name the one that others will type")
    names = (f"[{host}]" if _is_v6(host) else host, *HOST_NAMES)
    file = rooms.state / FILE
    if file.is_file() and not new_token:
        return Door(names, _stored(file)), None
    token = secrets.token_urlsafe(BYTES)
    rooms.state.mkdir(exist_ok=True)
    write_whole(file, json.dumps({"sha256": _digest(token)}).encode())
    file.chmod(0o600)
    return Door(names, _digest(token)), token


def _stored(file: Path) -> str:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["sha256"]
        if not isinstance(found, str) or len(found) != len(_digest("")):
            raise ValueError("no hash")
    except (ValueError, TypeError, KeyError) as error:
        raise InputError("no hash of a token", file, "make another: --new-token") from error
    return found


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _is_v6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False

"""Where a drawing server listens, and what proves to it who asks.

Only addresses of this machine are taken unless the study file allows others. Credentials come from environment variables alone:
a study file is shared, a log is read by others.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from models.errors import InputError
from models.language.translate import phrase

USER: Final = "HUANHUA_DRAW_USER"
PASSWORD: Final = "HUANHUA_DRAW_PASSWORD"
TOKEN: Final = "HUANHUA_DRAW_TOKEN"
"""Environment variables: HTTP Basic by the first two, a bearer token by the third."""
CREDENTIALS: Final = phrase(
    "set {user} and {password}, or {token}, in the environment", user=USER, password=PASSWORD, token=TOKEN
)


@dataclass(frozen=True)
class Address:
    """The root of a server's routes, without a slash at its end."""

    url: str
    loopback: bool

    @property
    def websocket(self) -> str:
        """The same root for WebSockets (RFC 6455)."""
        return f"ws{self.url.removeprefix('http')}"


@dataclass(frozen=True)
class Credentials:
    """All None: the server asks for none. Never printed, never stored."""

    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    def header(self) -> dict[str, str]:
        """The Authorization header (RFC 7617, RFC 6750); empty without credentials."""
        from base64 import b64encode

        if self.token is not None:
            return {"Authorization": f"Bearer {self.token}"}
        if self.user is None:
            return {}
        pair = f"{self.user}:{self.password or ''}".encode()
        return {"Authorization": f"Basic {b64encode(pair).decode()}"}


def credentials_from_environment() -> Credentials:
    """Raises InputError if both kinds are set, or a value could not stand in a header."""
    user, password, token = (os.environ.get(name) or None for name in (USER, PASSWORD, TOKEN))
    if token is not None and user is not None:
        raise InputError(
            "two kinds of credentials are set", phrase("{user} and {token}", user=USER, token=TOKEN), "keep one of them"
        )
    if user is None and password is not None:
        raise InputError("a password without a user", PASSWORD, phrase("set {user} too", user=USER))
    for name, value in ((USER, user), (PASSWORD, password), (TOKEN, token)):
        if value is not None and any(ord(c) < 32 or ord(c) == 127 for c in value):
            raise InputError("the value holds a line break or another control character", name, "set it anew")
    if token is not None and not token.isascii():
        raise InputError("the token holds letters that no header can carry", TOKEN, "set it anew")
    return Credentials(user, password, token)


def address(url: str, *, remote: bool) -> Address:
    """The address that a study file gives.

    `remote` allows other machines than this one. Raises InputError for what is no http or https address, holds credentials or a
    query, or leads to another machine although `remote` is false.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _no_address(url) from error
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() or ord(c) < 32 for c in url.strip()):
        raise _no_address(url)
    if parts.username is not None or parts.password is not None:
        raise InputError("the address holds a user or a password", f"{parts.scheme}://{host}", CREDENTIALS)
    if parts.query or parts.fragment:
        raise InputError(
            "the address ends in a query", f"{parts.scheme}://{host}", "give the root, such as http://127.0.0.1:8188"
        )
    loopback = _is_loopback(host)
    if not loopback and not remote:
        raise InputError(
            "the server is on another machine", f"{parts.scheme}://{parts.netloc}", "set draw.remote: true to allow it"
        )
    named = f"[{host}]" if ":" in host else host
    return Address(f"{parts.scheme}://{named}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}", loopback)


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _no_address(url: str) -> InputError:
    shown = "".join(c for c in url if c.isprintable()).rpartition("@")[2][:80]
    return InputError("not an address of a server", shown or "draw.url", "write it as http://127.0.0.1:8188")

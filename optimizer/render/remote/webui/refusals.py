"""Errors of a WebUI in one line."""

from __future__ import annotations

import re
from typing import Final

from models.errors import InputError
from models.language.translate import phrase
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.client import RefusedError

MEMORY: Final = re.compile(r"out of memory|OutOfMemory|not enough memory", re.IGNORECASE)
UNKNOWN_SETTING: Final = re.compile(r"^['\"](\w+)['\"]$")


def unknown_setting(error: RefusedError) -> str | None:
    """The setting that the server does not have, where that is why it refused."""
    kind, message = _parts(error)
    found = UNKNOWN_SETTING.match(message)
    return found.group(1) if kind == "KeyError" and found else None


def in_one_line(error: RefusedError, url: str, size: tuple[int, int]) -> InputError | NotDrawn:
    """What a refused picture means: NotDrawn for NaN, otherwise the error to raise."""
    kind, message = _parts(error)
    if kind == "NansException":
        return NotDrawn("the server's picture is NaN")
    if kind == "OutOfMemoryError" or MEMORY.search(f"{kind} {message}"):
        what = phrase("the server has no memory for {size}x{size_2} pixels", size=size[0], size_2=size[1])
        return InputError(what, url, "draw smaller pictures, or start it with --medvram")
    if "settings" in message and ("frozen" in message or "disabled" in message):
        return InputError(
            phrase("the server's settings are frozen ({message})", message=message), url, "start it without --freeze-settings"
        )
    setting = unknown_setting(error)
    if setting is not None:
        return InputError(
            phrase("the server has no setting {setting}", setting=setting), "draw.payload: override_settings", "take it out"
        )
    if error.status == 404:
        return InputError("no API of a WebUI answers here", url, "start the WebUI with --api")
    if kind and message:
        return InputError(phrase("the server cannot draw it ({kind}: {message})", kind=kind, message=message), url, "see its log")
    return error


def _parts(error: RefusedError) -> tuple[str, str]:
    """The exception's name and its message, as A1111 states them."""
    body = error.answer if isinstance(error.answer, dict) else {}
    texts = [body.get("errors"), body.get("detail")]
    message = next((text for text in texts if isinstance(text, str) and text), "")
    kind = body.get("error")
    return kind[:60] if isinstance(kind, str) else "", next(iter(message.splitlines()), "")[:120]

"""What ComfyUI tells over its WebSocket, as far as a drawing needs it.

Text messages are {"type", "data"}; binary ones begin with four bytes of their kind (server.py, protocol.py of ComfyUI 0.3.64).
An image comes as kind 4, with the node and prompt that it belongs to, from servers that offer it, else as kind 1, which is told
from previews of steps by the node that runs.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

HELLO: Final = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
"""The first message to a server: images shall come with their node and prompt."""
IMAGE, IMAGE_WITH_ORIGIN = 1, 4
FORMATS: Final = (1, 2)
"""JPEG and PNG, after the kind of an image without origin."""
LARGEST_ORIGIN: Final = 64 * 1024


@dataclass(frozen=True)
class Notice:
    """A text message."""

    kind: str
    data: Mapping[str, Any]

    @property
    def prompt(self) -> str:
        """The prompt that it is about; empty if it names none."""
        value = self.data.get("prompt_id")
        return value if isinstance(value, str) else ""

    @property
    def node(self) -> str | None:
        value = self.data.get("node")
        return value if isinstance(value, str) else None


@dataclass(frozen=True)
class Picture:
    """An image that a node made or shows."""

    data: bytes
    """The file."""
    prompt: str | None
    """None: the server does not tell."""
    node: str | None


Event: TypeAlias = Notice | Picture | None


def event_of(message: str | bytes) -> Event:
    """None for what is of no concern, or unreadable."""
    return _notice(message) if isinstance(message, str) else _picture(message)


def _notice(message: str) -> Notice | None:
    try:
        raw = json.loads(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str) or not isinstance(raw.get("data"), dict):
        return None
    return Notice(raw["type"], raw["data"])


def _picture(message: bytes) -> Picture | None:
    if len(message) < 8:
        return None
    kind, second = struct.unpack(">II", message[:8])
    if kind == IMAGE and second in FORMATS:
        return Picture(message[8:], None, None)
    if kind != IMAGE_WITH_ORIGIN or not 0 < second <= min(LARGEST_ORIGIN, len(message) - 8):
        return None
    try:
        origin = json.loads(message[8 : 8 + second])
    except (ValueError, RecursionError):
        return None
    if not isinstance(origin, dict):
        return None
    prompt, node = (origin.get(key) for key in ("prompt_id", "node_id"))
    if not isinstance(prompt, str) or not isinstance(node, str):
        return None
    return Picture(message[8 + second :], prompt, node)

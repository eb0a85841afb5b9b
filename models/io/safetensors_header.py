"""The header of a safetensors file: describes the tensors without loading them."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase

MAX_HEADER: Final = 100_000_000


@dataclass(frozen=True)
class Header:
    """`entries` describe the tensors by name as the file does, `start` is the byte at which their data begin."""

    entries: dict[str, Any]
    metadata: dict[str, str]
    start: int

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """By name, of every tensor whose entry is whole."""
        found = {name: entry.get("shape") for name, entry in self.entries.items() if isinstance(entry, dict)}
        return {name: tuple(shape) for name, shape in found.items() if isinstance(shape, list)}


def read_safetensors_header(path: Path) -> Header:
    """Raises InputError if the file is no safetensors file or was cut short (8-byte length, JSON, data)."""
    if not path.is_file():
        raise InputError("no such safetensors file", path, "name a file on this machine")
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 2 <= length <= min(size - 8, MAX_HEADER):
            raise InputError("not a safetensors file, or cut short", path, "fetch it again")
        try:
            entries = json.loads(stream.read(length))
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise InputError("not a safetensors file (its header does not read)", path, "fetch it again") from error
    if not isinstance(entries, dict):
        raise InputError("not a safetensors file (its header does not read)", path, "fetch it again")
    metadata = entries.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict):
        raise InputError("not a safetensors file (its metadata does not read)", path, "fetch it again")
    wanted = 8 + length + _end(entries)
    if size < wanted:
        raise InputError(
            phrase("a safetensors file cut short ({size} of its {wanted} bytes are there)", size=size, wanted=wanted),
            path,
            "fetch it again",
        )
    return Header(entries, {str(k): str(v) for k, v in metadata.items()}, 8 + length)


def _end(entries: dict[str, Any]) -> int:
    """Where the last tensor ends, counted from the start of the data; 0 if the entries lack offsets."""
    offsets = [entry.get("data_offsets") for entry in entries.values() if isinstance(entry, dict)]
    return max((o[1] for o in offsets if isinstance(o, list) and len(o) == 2 and isinstance(o[1], int)), default=0)

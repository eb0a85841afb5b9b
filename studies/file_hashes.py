"""Content hashes of files, kept in the workspace by size and time of change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from models.io.hashing import hash_path

if TYPE_CHECKING:
    from studies.workspace import Workspace

HASHES = "hashes"


def cached_hash(workspace: Workspace, path: Path) -> str:
    """`hash_path`, computed anew only where a file's size or time has changed since it was last asked for."""
    now = list(stamps(path))
    held = workspace.read(HASHES) or {}
    key = str(path.resolve())
    if key in held and held[key]["files"] == now:
        return str(held[key]["hash"])
    found = hash_path(path)
    if workspace.root.is_dir():
        workspace.write(HASHES, {**held, key: {"files": now, "hash": found}})
    return found


def stamps(path: Path) -> Iterator[list[str | int]]:
    """Name, size in bytes and time of change of a file, or of all files of a folder; nothing of what is not there."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path] if path.is_file() else []
    for file in files:
        told = file.stat()
        yield [file.name if file == path else file.relative_to(path).as_posix(), told.st_size, told.st_mtime_ns]

"""Content hashes of files, cached in the workspace by size and time of change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from models.io.hashing import hash_path
from studies.workspace import Workspace

HASHES: Final = "hashes"
"""The workspace's JSON file of them."""


def cached_hash(workspace: Workspace, path: Path) -> str:
    """`hash_path`, computed anew only where a file's size or time has changed. Stored only if the workspace exists."""
    now = list(stamps(path))
    cached = workspace.read(HASHES) or {}
    key = str(path.resolve())
    if key in cached and cached[key]["files"] == now:
        return str(cached[key]["hash"])
    found = hash_path(path)
    if workspace.root.is_dir():
        workspace.write(HASHES, {**cached, key: {"files": now, "hash": found}})
    return found


def stamps(path: Path) -> Iterator[list[str | int]]:
    """Name, size in bytes and time of change in nanoseconds of a file, or of all files of a folder; none if it is missing."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path] if path.is_file() else []
    for file in files:
        stat = file.stat()
        yield [file.name if file == path else file.relative_to(path).as_posix(), stat.st_size, stat.st_mtime_ns]

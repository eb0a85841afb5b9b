"""Content hashes of files, cached in the workspace by size and time of change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from models.io.hashing import hash_path
from studies.workspace import Workspace

HASHES: Final = "hashes"
"""The workspace's JSON file of them."""


def cached_hash(workspace: Workspace, path: Path) -> str:
    """`hash_path`, computed anew only where a file's size or time has changed. Stored only if the workspace exists."""
    return hash_cache(workspace)(path)


def hash_cache(workspace: Workspace) -> Callable[[Path], str]:
    """As `cached_hash`, for many files: what is cached is read once."""
    cached = _read(workspace)

    def hash_of(path: Path) -> str:
        now, names = list(stamps(path)), _names(workspace, path)
        for name in names:
            if name in cached and cached[name]["files"] == now:
                return str(cached[name]["hash"])
        cached[names[0]] = {"files": now, "hash": hash_path(path)}
        if workspace.root.is_dir():
            workspace.write(HASHES, {**_read(workspace), names[0]: cached[names[0]]})
        return str(cached[names[0]]["hash"])

    return hash_of


def _names(workspace: Workspace, path: Path) -> tuple[str, ...]:
    """Under which a file's hash is stored: its place from the workspace, so that both may be moved; earlier versions stored its
    absolute path, which is all there is on another drive."""
    absolute = path.resolve()
    try:
        return Path(os.path.relpath(absolute, workspace.root.resolve())).as_posix(), str(absolute)
    except ValueError:
        return (str(absolute),)


def _read(workspace: Workspace) -> dict[str, Any]:
    """What is stored; entries that are not what `hash_cache` writes are left out, and hashed anew."""
    stored = workspace.read(HASHES)
    entries = stored.items() if isinstance(stored, dict) else ()
    return {name: entry for name, entry in entries if isinstance(entry, dict) and {"files", "hash"} <= set(entry)}


def stamps(path: Path) -> Iterator[list[str | int]]:
    """Name, size in bytes and time of change in nanoseconds of a file, or of all files of a folder; none if it is missing."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path] if path.is_file() else []
    for file in files:
        stat = file.stat()
        yield [file.name if file == path else file.relative_to(path).as_posix(), stat.st_size, stat.st_mtime_ns]

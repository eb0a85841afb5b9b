"""The workspace: one folder, by default next to the study file, for everything that a study makes."""

from __future__ import annotations

import json
import platform
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.io.files import write_whole
from models.io.sqlite_url import sqlite_url

IDENTITY: Final = "identity"
"""The workspace's JSON file of it."""


@dataclass(frozen=True)
class Workspace:
    """Nothing is written before it is stored: creating one makes no folder."""

    root: Path

    @property
    def images(self) -> Path:
        """The cache of images and observations."""
        return self.root / "images"

    @property
    def pictures(self) -> Path:
        """Contact sheets, ladders, grids."""
        return self.root / "pictures"

    @property
    def artifacts(self) -> Path:
        """Optuna's artifact store."""
        return self.root / "artifacts"

    @property
    def exports(self) -> Path:
        """Picks for other programs."""
        return self.root / "exports"

    def storage_url(self) -> str:
        """Of Optuna's SQLite database."""
        return sqlite_url(self.root / "optuna.db")

    def make(self) -> Workspace:
        """Makes the folders that are missing; returns itself."""
        for folder in (self.root, self.images, self.pictures, self.artifacts):
            folder.mkdir(parents=True, exist_ok=True)
        return self

    def read(self, name: str) -> Any:
        """The JSON value stored under `name`, or None. Raises InputError if the file is damaged."""
        path = self.root / f"{name}.json"
        if not path.exists():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            mend = "move it away: `huanhua run STUDY` writes it anew, `huanhua lock STUDY SEED` the locked seeds"
            raise InputError("a damaged file of the workspace", path, mend) from error

    def write(self, name: str, value: Any) -> None:
        """Stores a JSON value whole or not at all."""
        path = self.root / f"{name}.json"
        write_whole(path, json.dumps(value, indent=1, ensure_ascii=False).encode())

    def update(self, name: str, change: Callable[[], Any]) -> Any:
        """Stores what `change` gives, which may read what is stored: no other process that updates `name` comes in between."""
        from filelock import FileLock

        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / f".{name}.lock"):
            value = change()
            self.write(name, value)
        return value


def workspace_of(study_file: Path, chosen: Path | None = None) -> Workspace:
    """`chosen`, or the folder `workspace` next to the study file."""
    return Workspace(chosen or study_file.parent / "workspace")


@dataclass(frozen=True)
class Identity:
    """A workspace, wherever it is moved. In stores that several studies share, names are no ids: two studies may have one name,
    and a workspace that was deleted is drawn anew under the same name."""

    id: str
    """32 letters, random."""
    place: str
    """Its folder when it was last written to."""
    host: str
    """The machine of that folder."""

    def __str__(self) -> str:
        return f"{self.place} on {self.host}"


def stored_identity(workspace: Workspace) -> Identity | None:
    """None if nothing was written to this workspace yet, or by an earlier version alone. Raises InputError if it is damaged."""
    path = workspace.root / f"{IDENTITY}.json"
    return identity_from(path.read_text(encoding="utf-8", errors="replace"), path) if path.is_file() else None


def identity_from(text: str, where: Path | str) -> Identity:
    """Of JSON text. Raises InputError if it is none."""
    try:
        found = Identity(**json.loads(text))
        if not all(isinstance(value, str) and value for value in asdict(found).values()):
            raise ValueError("not text")
    except (TypeError, ValueError) as error:
        raise InputError("no identity of a workspace", where, "move it away: the next run writes another") from error
    return found


def identity_of(workspace: Workspace) -> Identity:
    """The workspace's identity, stored with the place where it is now; made if there is none. The folder must exist.

    A copy next to its original gets an id of its own: from here on they are two studies.
    """
    stored = stored_identity(workspace)
    known = stored is not None and not _is_copy(workspace, stored)
    now = Identity(stored.id if stored is not None and known else uuid.uuid4().hex, *here(workspace))
    if now != stored:
        workspace.write(IDENTITY, asdict(now))
    return now


def here(workspace: Workspace) -> tuple[str, str]:
    """The workspace's folder, and this machine's name."""
    return str(workspace.root.resolve()), platform.node() or "this machine"


def _is_copy(workspace: Workspace, stored: Identity) -> bool:
    """Whether the original is still where this workspace says that it was."""
    place, host = here(workspace)
    if stored.place == place or stored.host != host:
        return False
    original = Workspace(Path(stored.place))
    try:
        if not original.root.is_dir() or original.root.samefile(workspace.root):
            return False
        found = stored_identity(original)
    except (OSError, InputError):
        return False
    return found is not None and found.id == stored.id

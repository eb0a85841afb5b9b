"""The workspace: one folder, by default next to the study file, for everything that a study makes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import InputError
from models.io.files import write_whole
from models.io.sqlite_url import sqlite_url


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


def workspace_of(study_file: Path, chosen: Path | None = None) -> Workspace:
    """`chosen`, or the folder `workspace` next to the study file."""
    return Workspace(chosen or study_file.parent / "workspace")

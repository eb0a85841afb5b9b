"""MLflow's own SQLite file in a workspace: created atomically, and its pictures found where the workspace lies now."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.io.sqlite_url import sqlite_path, sqlite_url
from models.language.translate import phrase

COLUMNS: Final = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
)
"""Of MLflow's schema, with absolute addresses of folders."""
WAIT_S: Final = 30.0


def create_database(uri: str) -> None:
    """Creates the tables of a SQLite file that does not exist yet; any other store creates its own.

    Migrations that are interrupted would leave a file that MLflow never opens again.
    """
    path = sqlite_path(uri)
    if path is None or path.exists():
        return
    from mlflow.store.db.utils import _initialize_tables
    from sqlalchemy import create_engine

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    engine = create_engine(sqlite_url(partial))
    try:
        _initialize_tables(engine)
        engine.dispose()
        if not path.exists():
            partial.replace(path)
    finally:
        engine.dispose()
        partial.unlink(missing_ok=True)


def move_artifacts(uri: str, artifacts: Path) -> None:
    """Where the SQLite file records artifacts in a folder of the same name elsewhere, records `artifacts` instead: MLflow stores
    absolute addresses, and the workspace was moved or copied. Does nothing for another store, or where nothing was moved.

    Raises InputError if the file is no database.
    """
    path = sqlite_path(uri)
    if path is None or not path.is_file():
        return
    now = artifacts.resolve().as_uri()
    try:
        with closing(sqlite3.connect(path, timeout=WAIT_S)) as database:
            moved = _places(database, artifacts.name) - {now}
            for table, column in COLUMNS if moved else ():
                if _has(database, table, column):
                    _move(database, table, column, moved, now)
            database.commit()
    except sqlite3.DatabaseError as error:
        raise InputError(
            phrase("MLflow's database does not open ({error})", error=error), path, "put back a copy, or move it away"
        ) from error


def _move(database: sqlite3.Connection, table: str, column: str, moved: Iterable[str], now: str) -> None:
    for before in moved:
        database.execute(
            f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE {column} = ? OR substr({column}, 1, ?) = ?",
            (now, len(before) + 1, before, len(before) + 1, f"{before}/"),
        )


def _has(database: sqlite3.Connection, table: str, column: str) -> bool:
    return any(row[1] == column for row in database.execute(f"PRAGMA table_info({table})"))


def _places(database: sqlite3.Connection, name: str) -> set[str]:
    """The folders called `name` in which experiments have their artifacts, some of them in a subfolder of their number."""
    if not _has(database, "experiments", "artifact_location"):
        return set()
    pattern = re.compile(rf"((?:file:|/|[A-Za-z]:).*/{re.escape(name)})(?:/\d+)?", re.DOTALL)
    rows = database.execute("SELECT artifact_location FROM experiments WHERE artifact_location IS NOT NULL")
    return {found[1] for (address,) in rows if (found := pattern.fullmatch(address))}

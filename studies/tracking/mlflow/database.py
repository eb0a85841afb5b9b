"""MLflow's own SQLite file, created atomically: migrations that are interrupted leave a file that MLflow never opens again."""

from __future__ import annotations

import os

from models.io.sqlite_url import sqlite_path, sqlite_url


def create_database(uri: str) -> None:
    """Creates the tables of a SQLite file that does not exist yet; any other store creates its own."""
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

"""Opens Optuna's storages: SQLite files in workspaces, or shared database servers."""

from __future__ import annotations

import weakref
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.io.sqlite_url import sqlite_path
from models.language.translate import phrase
from optimizer.trial_store.creation import PAUSE_S, WAIT_S, made_together
from optimizer.trial_store.retry import with_retries

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

MAX_OPEN: Final = 8
"""Databases that stay open."""


def open_storage(url: str) -> BaseStorage:
    """One storage for all seeds of a study: opening it takes longer than reading it.

    Raises InputError if a SQLite file is no database.
    """
    file = sqlite_path(url)
    if file is not None:
        _enable_wal(file)
    # A file that was deleted and made anew is another database: what an open connection to the old one wrote would be lost.
    return _opened(url, None if file is None else (file.stat().st_dev, file.stat().st_ino))


@lru_cache(MAX_OPEN)
def _opened(url: str, file: tuple[int, int] | None) -> BaseStorage:
    """`file` tells apart SQLite files of one name."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # A connection that a restarted server has closed is opened again.
    engine = {} if url.startswith("sqlite") else {"pool_pre_ping": True}
    storage = made_together(lambda: optuna.storages.RDBStorage(url, engine_kwargs=engine))
    weakref.finalize(storage, storage.engine.dispose)
    return optuna.storages.get_storage(storage)


def _enable_wal(database: Path) -> None:
    """Lets dashboards read while a trial is written, and a write wait for the disk once instead of twice (decision 0017)."""
    import sqlite3
    from contextlib import closing

    def switch() -> None:
        with closing(sqlite3.connect(database, timeout=WAIT_S)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")

    def is_held(error: Exception) -> bool:
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY

    try:
        # Of two that make a database at once SQLite turns one away without waiting, lest both wait for each other.
        with_retries(switch, longest_s=WAIT_S, pause_s=PAUSE_S, passes=is_held)
    except sqlite3.DatabaseError as error:
        held = "another program holds it: close that one"
        mend = held if is_held(error) else "put back a copy, or name another workspace"
        raise InputError(phrase("the storage does not open ({error})", error=error), database, mend) from error

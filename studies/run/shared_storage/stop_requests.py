"""Requests to end a run early, as rows in the study's own storage, next to the lease of the run that they are meant for.

A request names the token of that lease: it means one run, and nothing to the next.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.io.sqlite_url import sqlite_path
from studies.run.lease import ALL, Holder, current_holder
from studies.run.shared_storage.engine import create_table, open_engine, stops_table, unusable_storage

if TYPE_CHECKING:
    from sqlalchemy import Engine


def running(storage: str, study: str) -> Holder | None:
    """The process that runs `study` in `storage` (a database URL) now, as far as its lease says."""
    file = sqlite_path(storage)
    if file is not None and not Path(file).exists():
        return None
    engine = open_engine(storage)
    try:
        with unusable_storage():
            found = current_holder(engine, study)
    finally:
        engine.dispose()
    return None if found is None else found[1]


def ask_to_stop(storage: str, study: str, seed: int | None) -> Holder:
    """Asks the run of `study` in `storage` (a database URL) to end the search of `seed`, or all of its searches; returns the
    process that runs it. Raises InputError if none does."""
    mend = "`huanhua show STUDY` shows what was found"
    file = sqlite_path(storage)
    if file is not None and not Path(file).exists():
        raise InputError("nothing runs", study, mend)
    engine = open_engine(storage)
    try:
        with unusable_storage():
            found = current_holder(engine, study)
            if found is None:
                raise InputError("nothing runs", study, mend)
            token, holder = found
            _add(engine, study, token, ALL if seed is None else str(seed))
    finally:
        engine.dispose()
    return holder


def _add(engine: Engine, study: str, token: str, seed: str) -> None:
    from sqlalchemy.exc import IntegrityError

    table = stops_table()
    create_table(engine, table)
    try:
        with engine.begin() as connection:
            connection.execute(table.insert().values(study=study, token=token, seed=seed))
    except IntegrityError:
        pass  # it was asked before

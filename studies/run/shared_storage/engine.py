"""Opens a study's storage for the project's own tables in it, next to Optuna's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from optimizer.trial_store.creation import made_together

if TYPE_CHECKING:
    from sqlalchemy import Engine, Table


def open_engine(storage: str) -> Engine:
    """Of a database URL. Connects to nothing yet. Raises InputError if there is no such kind of storage."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError
    from sqlalchemy.pool import NullPool

    try:
        # No pool: a pooled connection would break when the server restarts.
        return create_engine(storage, poolclass=NullPool)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise InputError(
            phrase("no storage of that kind ({error})", error=error), "tracking.storage", "give a database URL"
        ) from error


def stops_table() -> Table:
    """Requests to end a run early: by study, the token of the run's lease, and the seed."""
    from sqlalchemy import Column, MetaData, String, Table

    return Table(
        "huanhua_stops",
        MetaData(),
        Column("study", String(255), primary_key=True),
        Column("token", String(32), primary_key=True),
        Column("seed", String(32), primary_key=True),
    )


def create_table(engine: Engine, table: Table) -> None:
    """Unless it is there."""
    made_together(lambda: table.create(engine, checkfirst=True))


@contextmanager
def unusable_storage() -> Iterator[None]:
    """Raises InputError in place of what a database that does not open raises."""
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except (DBAPIError, UnicodeDecodeError, TypeError) as error:  # the last of options in the URL that the driver lacks
        raise unusable(error) from error


def unusable(error: Exception) -> InputError:
    """The database's own words, without the URL and the statement that follow them."""
    words = (str(getattr(error, "orig", error)).strip().splitlines() or [type(error).__name__])[0][:160]
    return InputError(
        phrase("the storage does not open ({words})", words=words),
        "tracking.storage",
        "see that it is whole, runs, and lets this user in",
    )

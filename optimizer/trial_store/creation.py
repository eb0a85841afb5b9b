"""Makes what two processes may make in the same moment: the tables of a storage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from optimizer.trial_store.retry import with_retries

Made = TypeVar("Made")
WAIT_S: Final = 30.0
PAUSE_S: Final = 0.05


def made_together(make: Callable[[], Made]) -> Made:
    """Calls `make` again where another process made one of its tables between the look and the making: then it finds that table.

    `make` must be safe to call twice. Raises any other error at once, and that one after `WAIT_S` seconds.
    """
    return with_retries(make, longest_s=WAIT_S, pause_s=PAUSE_S, passes=_is_made_already)


def _is_made_already(error: Exception) -> bool:
    """By SQLite and MySQL; by PostgreSQL; of a first row."""
    from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

    told = isinstance(error, OperationalError | ProgrammingError) and "already exists" in str(error.orig)
    return told or isinstance(error, IntegrityError)

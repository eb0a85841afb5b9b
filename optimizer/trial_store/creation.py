"""Makes what two processes may make in the same moment: the tables of a storage."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

Made = TypeVar("Made")
WAIT_S: Final = 30.0
PAUSE_S: Final = 0.05


def made_together(make: Callable[[], Made]) -> Made:
    """Calls `make` again where another process made one of its tables between the look and the making: then it finds that table.

    `make` must be safe to call twice. Raises any other error at once, and that one after `WAIT_S` seconds.
    """
    from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

    until = time.monotonic() + WAIT_S
    while True:
        try:
            return make()
        except (
            OperationalError,
            ProgrammingError,
            IntegrityError,
        ) as error:  # SQLite and MySQL; PostgreSQL; a first row
            exists = isinstance(error, IntegrityError) or "already exists" in str(error.orig)
            if not exists or time.monotonic() > until:
                raise
        time.sleep(PAUSE_S)

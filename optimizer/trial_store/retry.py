"""Steps against a database server that may be restarted in the middle of a study."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

Result = TypeVar("Result")
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 15.0
LONGEST_S: Final = 600.0


def is_away(error: BaseException) -> bool:
    """The server cannot be reached now, or it closed the connection. A SQLite file is never away: its errors are final."""
    from sqlalchemy.exc import DBAPIError

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DBAPIError) and not type(cause.orig).__module__.startswith("sqlite3"):
            return cause.connection_invalidated or type(cause.orig).__name__ in (
                "OperationalError",
                "InterfaceError",
                "AdminShutdown",
            )
        cause = cause.__cause__
    return False


def with_retries(
    step: Callable[[], Result],
    *,
    longest_s: float = LONGEST_S,
    pause_s: float = FIRST_PAUSE_S,
    passes: Callable[[Exception], bool] = is_away,
) -> Result:
    """Calls `step` until it succeeds, for `longest_s` while its error `passes`, by default that of a database that is away;
    `step` must be safe to call twice.

    Any other error is raised at once, and the last one when the time is over.
    """
    until = time.monotonic() + longest_s
    while True:
        try:
            return step()
        except Exception as error:
            if not passes(error) or time.monotonic() + pause_s > until:
                raise
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

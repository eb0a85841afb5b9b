"""Failures of the machine, not of the input, as one line each: a full disk, a database that is away."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from models.errors import InputError
from models.language.translate import phrase

FULL: Final = (errno.ENOSPC, errno.EDQUOT)
FULL_SQLITE: Final = "database or disk is full"


@contextmanager
def one_line() -> Iterator[None]:
    """Raises InputError in place of the exceptions of a full disk or a lost database. Neither loses what is stored."""
    try:
        yield
    except Exception as error:
        raise plain(error) or error from error


def plain(error: BaseException) -> InputError | None:
    """The machine's failure behind an exception, in one line; None if it is none of these."""
    from optimizer.trial_store.retry import is_away

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in FULL:
            return InputError(
                "the disk is full", cause.filename or phrase("the workspace"), "make room; the same command goes on"
            )
        if FULL_SQLITE in str(cause):
            return InputError("the disk is full", phrase("the study's storage"), "make room; the same command goes on")
        cause = cause.__cause__
    if is_away(error):
        return InputError("the study's storage is away", "tracking.storage", "start it; the same command goes on")
    return None

"""A disk's refusals as one-line errors."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from models.errors import InputError

FULL: Final = (errno.ENOSPC, errno.EDQUOT)
CLOSED: Final = (errno.EROFS, errno.EACCES, errno.EPERM)
IN_THE_WAY: Final = (errno.ENOTDIR, errno.EEXIST, errno.EISDIR)


@contextmanager
def writing(where: Path) -> Iterator[None]:
    """Raises InputError in place of an OSError of a disk that is full or read-only, or of a file where a folder should be."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise InputError("the disk is full", where, "make room; the same command goes on") from error
        if error.errno in CLOSED:
            raise InputError("nothing can be written there", where, "name a place that you may write to") from error
        if error.errno in IN_THE_WAY:
            raise InputError("a file is in the way", where, "name another place") from error
        raise


def check_writable(folder: Path) -> None:
    """Makes the folder, and tries. Raises InputError if nothing can be written to it."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as stream:
            stream.write(b"\0")
            stream.flush()

"""Database URLs of SQLite files, whatever characters their folders have, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PLAIN: Final = "sqlite:///"
ESCAPED: Final = "sqlite+pysqlite:///"
"""The same dialect by its full name. MLflow makes the folder of a URL that begins with `PLAIN`, taking escapes for a name."""
SPECIAL: Final = frozenset('%?#{}[]\\"<>|^`\n\r\t')
"""Characters that SQLAlchemy, Optuna or MLflow read as something else than a part of a name."""


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file, by its absolute path. It reads back as the same path in SQLAlchemy, Optuna and MLflow."""
    from sqlalchemy import URL

    place = path.resolve().as_posix()
    if not SPECIAL & set(place):
        return f"{PLAIN}{place}"
    return URL.create(ESCAPED.partition(":")[0], database=place).render_as_string()


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL; None for a server, a database in memory, a URL with options, and what is no URL."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return None
    if parsed.get_backend_name() != "sqlite" or parsed.query or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))


def placed_in(folder: Path, url: str) -> str:
    """`url`, with the file of a relative SQLite URL in `folder`; any other as it is.

    One that is only found from the current folder, where earlier versions put it, stays there.
    """
    path = sqlite_path(url)
    if path is None or path.is_absolute():
        return url
    return sqlite_url(path if path.is_file() and not (folder / path).is_file() else folder / path)

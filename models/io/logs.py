"""Logs of programs that were started: their last lines."""

from __future__ import annotations

from pathlib import Path
from typing import Final

END: Final = 4096
"""Bytes at the end of a log that are read."""
LETTERS: Final = 160
"""At which a line is cut."""


def last_line(log: Path, letters: int = LETTERS) -> str:
    """The last line of a log, at most so many letters of it; empty where there is none or it cannot be read from here."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - END))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:letters] if lines else ""

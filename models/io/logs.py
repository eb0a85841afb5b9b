"""Logs of programs that were started: what they said last."""

from __future__ import annotations

from pathlib import Path
from typing import Final

END: Final = 4096
"""Bytes at the end of a log that are read."""
LETTERS: Final = 160
"""Of a line that are told."""


def last_line(log: Path) -> str:
    """What a log says at its end; nothing where it is empty or cannot be read from here."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - END))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:LETTERS] if lines else ""

"""Notes of optuna-dashboard: Markdown that it stores among a study's system attributes, in pieces, and that a person may edit.

The layout is that of optuna-dashboard 0.21 (`_note.py`). Its own functions read all notes of a study to write one, and take only
trials that are being drawn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

PIECE: Final = 2045
"""Characters in one attribute: a column of a database holds no more."""
KEY: Final = re.compile(r"dashboard:(?:(\d+):)?note_str:(\d+)")


def attributes_of(trial_id: int | None, text: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What to set so that the note of a trial, or of the study (None), is `text`. `attributes` are the study's as they are."""
    place = "dashboard:" if trial_id is None else f"dashboard:{trial_id}:"
    version = int(attributes.get(f"{place}note_ver", 0)) + 1
    pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
    old = sum(key.startswith(f"{place}note_str:") for key in attributes)
    pieces += [""] * (old - len(pieces))
    return {f"{place}note_str:{i}": piece for i, piece in enumerate(pieces)} | {f"{place}note_ver": version}


def notes_of(attributes: Mapping[str, Any]) -> dict[int | None, str]:
    """All notes by trial id, that of the study by None."""
    pieces: dict[int | None, dict[int, str]] = {}
    for key, value in attributes.items():
        found = KEY.fullmatch(key)
        if found:
            trial = int(found[1]) if found[1] else None
            pieces.setdefault(trial, {})[int(found[2])] = str(value)
    return {trial: "".join(parts[i] for i in sorted(parts)) for trial, parts in pieces.items()}

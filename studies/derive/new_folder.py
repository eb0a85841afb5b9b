"""Where a derived study may be written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.language.translate import phrase

NAME: Final = re.compile(r"[\w][\w .-]{0,79}")


def check_new_folder(folder: Path, option: str = "") -> None:
    """Raises InputError if the folder is not empty, or its name cannot name a study. `option` is named in the hint."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        hint = phrase("name a folder that is empty or does not exist")
        raise InputError(
            "there is something already", folder, phrase("{hint}: {option}", hint=hint, option=option) if option else hint
        )
    if not NAME.fullmatch(folder.name):
        raise InputError("no name for a study", folder, "use letters, digits, spaces, _, . and -")

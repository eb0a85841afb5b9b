"""Where a derived study may be written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from models.errors import InputError, TakenError
from models.language.translate import phrase

NAME: Final = re.compile(r"[\w][\w .-]{0,79}")
RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever stands behind the dot."""
NAME_MEND: Final = "use letters, digits, spaces, _, . and -, no dot or space at the end, and no device's name such as CON"


def is_name(text: str) -> bool:
    """Whether a folder may have this name on every system: Windows drops dots and spaces at the end."""
    return NAME.fullmatch(text) is not None and not RESERVED.fullmatch(text) and text[-1] not in ". "


def check_new_folder(folder: Path, option: str = "") -> None:
    """Raises InputError if the folder is not empty, or its name cannot name a study. `option` is named in the hint."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        hint = phrase("name a folder that is empty or does not exist")
        raise TakenError(
            "there is something already", folder, phrase("{hint}: {option}", hint=hint, option=option) if option else hint
        )
    if not is_name(folder.name):
        raise InputError("no name for a study", folder, NAME_MEND)

"""Photos that a page sends: opened through the guarded doors before they are kept, and never over another photo."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.io.disk import writing
from models.io.images import open_photo
from models.io.picture_kinds import RAW_SUFFIXES, SUFFIXES, is_picture
from models.language.translate import phrase
from studies.derive.new_folder import RESERVED
from studies.service.sets.photo_set import PhotoSet
from trainers.prepare.names import why_unusable

MOST: Final = 1000
"""Photos of a set."""
PHOTO_NAME: Final = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|]{1,120}")
"""Letters that file names have on every system."""


def keep_photo(photo_set: PhotoSet, name: str, content: bytes) -> str:
    """Keeps a photo's bytes as they are, and returns the name that it has there: one that is there already keeps its own, another
    photo of that name stays. Raises InputError for what is no photo, for its name, and for one too many."""
    _check_name(name)
    names = photo_set.photo_names()
    same = [other for other in names if _size(photo_set.photos / other) == len(content)]
    for other in same:
        if (photo_set.photos / other).read_bytes() == content:
            return other
    if len(names) >= MOST:
        raise InputError(phrase("a set has at most {count} photos", count=MOST), photo_set.photos, "make another set")
    with writing(photo_set.photos):
        photo_set.photos.mkdir(parents=True, exist_ok=True)
        # A hidden name until it was opened: what is no photo is never seen as one.
        partial = photo_set.photos / f".{uuid.uuid4().hex}{Path(name).suffix.lower()}"
        try:
            partial.write_bytes(content)
            _check_photo(partial, name)
            return _placed(photo_set.photos, partial, name)
        finally:
            partial.unlink(missing_ok=True)


def _check_name(name: str) -> None:
    unusable = why_unusable(name)
    if not PHOTO_NAME.fullmatch(name) or name.startswith(".") or name[-1] in ". " or RESERVED.fullmatch(name):
        unusable = "a name that not every system takes; rename it"
    elif Path(name).suffix.lower() not in ("", *SUFFIXES, *RAW_SUFFIXES):
        unusable = "its name does not end as a picture's does, such as .jpg"
    if unusable is not None:
        raise InputError(phrase("this photo cannot be kept ({why})", why=phrase(unusable)), name[:80], "give it a plain name")


def _check_photo(partial: Path, name: str) -> None:
    """Raises InputError, which names the photo as a person does, for what does not open."""
    try:
        open_photo(partial)
    except InputError as error:
        raise InputError(error.what, name[:80], error.mend) from error
    if not is_picture(partial):
        raise InputError("its name has no picture's ending", name[:80], "save it as JPEG or PNG")


def _placed(folder: Path, partial: Path, name: str) -> str:
    """Under its name, or with a number behind it."""
    stem, suffix = Path(name).stem, Path(name).suffix
    for free in (name, *(f"{stem}-{number}{suffix}" for number in range(2, MOST + 2))):
        try:
            os.link(partial, folder / free)  # refuses, where replacing would write over
        except FileExistsError:
            continue
        except OSError:  # a file system without links
            if (folder / free).exists():
                continue
            partial.replace(folder / free)
        return free
    raise InputError("too many photos of one name", name[:80], "rename it")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1

"""Names that the file system gives, which may be no text and too long for a suffix."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.language.translate import phrase

NAMED: Final = 3
"""Files that a line names."""
LONGEST: Final = 255
"""Bytes of a name that Linux, macOS and Windows take."""
MASK_SUFFIXES: Final = ("-masklabel", "-mask", "_mask", ".mask")
"""How other trainers name the mask of a picture, before its extension."""
SUFFIX: Final = ".png"
"""What is put behind a photo's name for its crops; captions take as many bytes."""


def readable(name: str) -> str:
    """A name as one line of text, whatever bytes the file system has."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def list_names(paths: Sequence[Path], folder: Path) -> str:
    """The first few, relative to `folder`."""
    shown = [path.relative_to(folder) if path.is_relative_to(folder) else Path(path.name) for path in paths[:NAMED]]
    names = ", ".join(readable(path.as_posix()) for path in shown)
    return phrase("{names} and {more} more", names=names, more=len(paths) - NAMED) if len(paths) > NAMED else names


def why_unusable(name: str) -> str | None:
    """Why crops cannot be named after a photo of this name; None if they can."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8; rename it"
    excess = len(os.fsencode(name)) + len(SUFFIX) - LONGEST
    return phrase("its name is too long by {count} bytes; shorten it", count=excess) if excess > 0 else None


def check_text(*paths: Path) -> None:
    """Raises InputError for a path that is not UTF-8 and so cannot be written down."""
    for path in paths:
        try:
            str(path).encode()
        except UnicodeEncodeError as error:
            raise InputError("a folder's name that is not UTF-8", readable(str(path)), "rename it") from error


def unused_files(folder: Path, used: set[Path], out: Path) -> list[Path]:
    """The files of `folder` and its subfolders that are not in `used`, nor in `out`, which may lie in it."""
    files = (p for p in folder.rglob("*") if not p.is_dir() and p not in used)
    # Unlike Path.resolve it takes links to themselves.
    return sorted(p for p in files if not Path(os.path.realpath(p)).is_relative_to(out.resolve()))


def is_mask(picture: Path, pictures: Sequence[Path]) -> bool:
    """Whether it is the mask of another picture, which is no picture to train on."""
    stems = {p.stem for p in pictures}
    return any(picture.stem.removesuffix(s) in stems for s in MASK_SUFFIXES if picture.stem.endswith(s))


def without_mask_suffix(stem: str) -> str:
    """The stem of the picture that a mask of this stem is of."""
    return next((stem.removesuffix(s) for s in MASK_SUFFIXES if stem.endswith(s)), stem)

"""Where a training set keeps its folders: `train/10_testdress` and `reg/`, kohya GUI's `img/`, or `10_testdress` alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.io.picture_kinds import is_picture

TRAIN_FOLDERS: Final = ("train", "img")
MASK_FOLDERS: Final = ("mask", "masks", "conditioning")
"""Folders of other trainers that hold no pictures to train on."""


@dataclass(frozen=True)
class RepeatedFolder:
    """One folder of pictures."""

    path: Path
    """Where it is."""
    repeats: int
    """How often each of its pictures comes in an epoch."""
    token: str
    """What its pictures without captions are trained under."""


def train_folder(dataset: Path) -> Path:
    """The folder whose folders are trained. Raises InputError if there is none."""
    folders = [dataset / name for name in TRAIN_FOLDERS if (dataset / name).is_dir()]
    for folder in (*folders, dataset):
        if folder.is_dir() and any(_repeated(child) for child in folder.iterdir()):
            return folder
    if folders:
        return folders[0]
    whole = dataset.resolve()
    if _repeated(whole):
        return whole.parent
    raise InputError(
        "not a training set (no train folder in it, and no folder like 10_testdress)", dataset, "make it with huanhua prepare"
    )


def repeated_folders(dataset: Path) -> list[RepeatedFolder]:
    """The folders that are trained, by name. Raises InputError as `train_folder` does, and for pictures in others of `train`."""
    parent = train_folder(dataset)
    if parent == dataset.resolve().parent:
        alone = _repeated(dataset.resolve())
        return [alone] if alone else []
    return folders_in(parent, strict=parent != dataset)


def folders_in(parent: Path, *, strict: bool = True) -> list[RepeatedFolder]:
    """The folders of `parent` like 10_testdress, by name. Raises InputError, if `strict`, for pictures in another folder."""
    found = []
    for folder in sorted(p for p in parent.iterdir() if p.is_dir() and not p.name.startswith(".")):
        repeated = _repeated(folder)
        if repeated is not None:
            found.append(repeated)
        elif strict and folder.name.lower() not in MASK_FOLDERS and _holds_pictures(folder):
            raise InputError("a folder without repeats", folder, "name it like 10_testdress")
    return found


def _holds_pictures(folder: Path) -> bool:
    return any(p.is_file() and not p.name.startswith(".") and is_picture(p) for p in folder.iterdir())


def _repeated(folder: Path) -> RepeatedFolder | None:
    named = re.fullmatch(r"(\d{1,5})_(.+)", folder.name)
    if named is None or int(named[1]) < 1 or not folder.is_dir():
        return None
    try:
        named[2].encode()
    except UnicodeEncodeError as error:
        raise InputError("a folder's name that is not UTF-8", ascii(folder), "rename it") from error
    return RepeatedFolder(folder, int(named[1]), named[2])

"""Files that are epochs of one LoRA: told by their names as trainers write them, and by what trainers note inside."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.lora.layout import lora_name, read_layout

SAVED: Final = re.compile(r"^(?P<name>.+?)(?:[-_.](?:e|ep|epoch|step|s)?[-_]?(?P<number>\d{2,}))$", re.IGNORECASE)
"""NAME-000004 of kohya's and musubi's scripts, NAME_000000500 of ai-toolkit, NAME-step00001000, NAME_epoch_04."""
NAME: Final = "ss_output_name"
"""What kohya's scripts and those that follow them note in each file: the name of the training's output."""


@dataclass(frozen=True)
class SavedFile:
    """One file, and which of a training it is."""

    path: Path
    training: str
    """The name that all files of one training share."""
    number: int | None
    """Of the epoch or the step; None for the last, which trainers save without a number."""

    @property
    def label(self) -> str:
        """The file's name without its suffix."""
        return lora_name(self.path)


@dataclass(frozen=True)
class Training:
    """The files of one LoRA, the earliest first; most have one."""

    name: str
    files: tuple[SavedFile, ...]

    @property
    def last(self) -> SavedFile:
        return self.files[-1]


def trainings_of(paths: Sequence[Path]) -> list[Training]:
    """The files by training, in the order in which the first of each is named.

    Raises InputError for a file named twice, and for what is no LoRA file: a truncated epoch is one line that names it.
    """
    places = [path.resolve() for path in paths]
    for path, place in zip(paths, places, strict=True):
        if places.count(place) > 1:
            raise InputError("the file is named twice", path, "leave one out")
    found: dict[str, list[SavedFile]] = {}
    for path in paths:
        saved = saved_file(path)
        found.setdefault(saved.training, []).append(saved)
    return [Training(*_named(name, files)) for name, files in found.items()]


def saved_file(path: Path) -> SavedFile:
    """Raises InputError for what is no LoRA file."""
    layout = read_layout(path)
    match = SAVED.match(layout.name)
    # An output that was called NAME-01 is no epoch of NAME.
    if match is None or layout.metadata.get(NAME) == layout.name:
        return SavedFile(path, layout.name, None)
    return SavedFile(path, match["name"], int(match["number"]))


def _named(name: str, files: Sequence[SavedFile]) -> tuple[str, tuple[SavedFile, ...]]:
    """One file alone keeps its whole name: its number compares it with nothing."""
    if len(files) == 1:
        alone = read_layout(files[0].path).name
        return alone, (SavedFile(files[0].path, alone, None),)
    return name, tuple(sorted(files, key=lambda saved: (saved.number is None, saved.number or 0)))

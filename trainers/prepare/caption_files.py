"""Captions next to pictures: text files of the usual names, JSON files, and lists of captions (kohya's, Hugging Face's)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.language.translate import phrase
from trainers.prepare.caption_lists import LIST_SUFFIXES, json_caption, list_entries

TEXT_SUFFIXES: Final = (".txt", ".caption", ".captions", ".cap", ".tags")


@dataclass(frozen=True)
class WrittenCaption:
    """The caption that a person or a tool wrote for one picture."""

    text: str
    """Its first line that is not blank, as kohya's scripts read it; empty if there is none."""
    file: Path
    """The file that holds it."""
    lines: int
    """Lines that are not blank."""


@dataclass(frozen=True)
class FoundCaptions:
    """The captions of some pictures."""

    by_picture: dict[Path, WrittenCaption]
    """Without pictures that have none."""
    files: frozenset[Path]
    """Every file that was read as a caption or a list of captions."""


def find_captions(pictures: Sequence[Path], list_folders: Iterable[Path]) -> FoundCaptions:
    """The captions of `pictures`: those next to them, and those in lists of captions in `list_folders`.

    Raises InputError for two captions of one picture that differ, and for captions that cannot be read.
    """
    found: dict[Path, list[WrittenCaption]] = {}
    files = set()
    for folder in dict.fromkeys(picture.parent for picture in pictures):
        for file, owners in _sidecars(folder, [p for p in pictures if p.parent == folder]):
            caption = read_caption(file)
            if caption is not None:
                files.add(file)
                for owner in owners:
                    found.setdefault(owner, []).append(caption)
    for folder in dict.fromkeys(list_folders):
        for file in sorted(p for p in folder.iterdir() if p.suffix.lower() in LIST_SUFFIXES and p.is_file() and p not in files):
            for name, text in list_entries(file):
                files.add(file)
                for owner in _named(name, pictures, file):
                    found.setdefault(owner, []).append(_first_line(text, file))
    return FoundCaptions({picture: _agreed(picture, captions) for picture, captions in found.items()}, frozenset(files))


def _sidecars(folder: Path, pictures: Sequence[Path]) -> Iterable[tuple[Path, list[Path]]]:
    """Each caption file with its pictures: `a.txt` belongs to `a.png`, and so does `a.png.txt` if there is no `a.png.jpg`."""
    by_stem: dict[str, list[Path]] = {}
    by_name = {picture.name: [picture] for picture in pictures}
    for picture in pictures:
        by_stem.setdefault(picture.stem, []).append(picture)
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in (*TEXT_SUFFIXES, ".json") and file.is_file() and file.name not in by_name:
            owners = by_stem.get(file.stem) or by_name.get(file.stem)
            if owners:
                yield file, owners


def read_caption(file: Path) -> WrittenCaption | None:
    """The caption in a file of one picture; None for JSON that holds none. Raises InputError for a file that cannot be read."""
    if file.suffix.lower() == ".json":
        text = json_caption(file)
        return None if text is None else _first_line(text, file)
    try:
        return _first_line(file.read_text(encoding="utf-8-sig"), file)
    except UnicodeDecodeError as error:
        raise InputError("a caption that is not UTF-8", file, "save it as UTF-8") from error
    except OSError as error:
        raise InputError("a caption that cannot be read", file, "check its permissions") from error


def _first_line(text: str, file: Path) -> WrittenCaption:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return WrittenCaption(lines[0] if lines else "", file, len(lines))


def _named(name: str, pictures: Sequence[Path], file: Path) -> list[Path]:
    """The pictures that a list means by a path, perhaps of another machine and without extension: most folders in common win."""
    *folders, last = [part for part in re.split(r"[\\/]+", name) if part not in ("", ".")] or [""]
    best: dict[int, list[Path]] = {}
    for picture in (p for p in pictures if p.is_relative_to(file.parent)):
        if last in (picture.name, picture.stem):
            shared = 0
            for ours, theirs in zip(reversed(picture.parent.parts), reversed(folders), strict=False):
                if ours != theirs:
                    break
                shared += 1
            best.setdefault(shared, []).append(picture)
    if not best or (max(best) == 0 and folders and re.match(r"\d+_", folders[-1])):
        return []
    found = best[max(best)]
    inside = [picture for picture in found if picture.parent == file.parent]
    if not folders and inside:
        return inside
    if len({picture.parent for picture in found}) > 1:
        raise InputError(
            phrase("'{name}' may be pictures of several folders", name=name), file, "write the folder in front of it"
        )
    return found


def _agreed(picture: Path, captions: Sequence[WrittenCaption]) -> WrittenCaption:
    written = {caption.text: caption for caption in reversed(captions) if caption.text}
    if len(written) > 1:
        one, other, *_ = dict.fromkeys(caption.file.name for caption in reversed(written.values()))
        raise InputError(
            phrase("two captions that differ ({one} and {other})", one=one, other=other), picture, "delete one of them"
        )
    return next(iter(written.values()), captions[0])

"""The photos that a training set was made from, found again where the set, the photos or both were moved."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from models.io.hashing import hash_path
from trainers.prepare.manifest import Manifest, PhotoRecord

DIGEST_LENGTH: Final = 64
"""Letters of a SHA-256 in hex."""
FAR: Final = 6
"""Folders above the set, and parts of the recorded place, that are tried."""


@dataclass(frozen=True)
class Originals:
    """What is left of the photos that the manifest records."""

    found: tuple[tuple[Path, PhotoRecord], ...]
    """Those with the recorded content, in the order of the manifest."""
    gone: tuple[str, ...]
    """Names of those that are nowhere."""
    changed: tuple[str, ...]
    """Names of those whose file has another content now: the recorded boxes are not true of it."""

    @property
    def complete(self) -> bool:
        return not self.gone and not self.changed


def find_originals(dataset: Path, manifest: Manifest, hash_of: Callable[[Path], str] = hash_path) -> Originals:
    """Looks in the recorded place, relative to the set and absolute, then where both lie if they were moved together.

    A file is only taken for a photo if its content is the recorded one. `hash_of` gives the SHA-256 of a file in hex.
    """
    found: dict[str, Path] = {}
    changed: set[str] = set()
    for folder in _places(dataset, manifest):
        lacking = [record for record in manifest.photos if record.file not in found]
        if not lacking:
            break
        for record in lacking:
            path = folder / record.file
            if not path.is_file():
                continue
            # Sets of other programs may record no hash.
            if len(record.sha256) == DIGEST_LENGTH and hash_of(path) != record.sha256:
                changed.add(record.file)
            else:
                found[record.file] = path
    lost = [record.file for record in manifest.photos if record.file not in found]
    return Originals(
        tuple((found[record.file], record) for record in manifest.photos if record.file in found),
        tuple(name for name in lost if name not in changed),
        tuple(name for name in lost if name in changed),
    )


def _places(dataset: Path, manifest: Manifest) -> Iterator[Path]:
    """Folders that may hold the photos, the likeliest first."""
    tried: set[Path] = set()
    for place in _all_places(dataset.resolve(), manifest):
        if place not in tried and place.is_dir():
            yield place
        tried.add(place)


def _all_places(dataset: Path, manifest: Manifest) -> Iterator[Path]:
    if manifest.relative_folder:
        yield Path(os.path.normpath(dataset / manifest.relative_folder))
    # A person may write a relative place there; joined with an absolute one, the set's folder falls away.
    yield Path(os.path.normpath(dataset / manifest.folder))
    parts = _parts(manifest.folder)
    for above in (dataset, *dataset.parents[:FAR]):
        for length in range(min(len(parts), FAR), 0, -1):
            yield above.joinpath(*parts[-length:])


def _parts(folder: str) -> tuple[str, ...]:
    """The names in a path of this system or of Windows, without its root."""
    pure = PureWindowsPath(folder) if "\\" in folder and "/" not in folder else PurePosixPath(folder)
    return tuple(part for part in pure.parts if part not in (pure.anchor, "..", "."))

"""Photos that are no longer where a training set records them: what is compared instead, in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.language.translate import joined, phrase
from studies.file_hashes import hash_cache
from studies.references.originals import Originals
from studies.references.photos import is_training_set, originals_of
from studies.references.pictures import reference_pictures
from studies.references.source import Source, sources_of
from studies.study import Study
from trainers.prepare.manifest import NAME, read_manifest

NAMED: Final = 3
"""File names that a line lists."""


def compared_with(study: Study) -> dict[str, Source]:
    """As `sources_of`, with "crops" where a training set's crops stand in for photos that are gone."""
    found = sources_of(study)
    for name in _with_lost_photos(study):
        folder = study.path(study.spec.loras[name].references or "")
        if not originals_of(folder, hash_cache(study.workspace)).found and reference_pictures(study, name).there:
            found[name] = "crops"
    return found


def place_notes(study: Study, *, changing: bool = False) -> dict[str, str]:
    """A line for each searched LoRA some of whose photos are gone or changed since its training set was made.

    With `changing` only where that changes scores: what was observed while they were there is kept, and used.
    """
    found = {}
    for name, originals in _with_lost_photos(study).items():
        kept = not reference_pictures(study, name).there
        if not (kept and changing):
            found[name] = _line(study.path(study.spec.loras[name].references or ""), originals, kept=kept)
    return found


def lost_photos(folder: Path) -> str:
    """Which photos of a training set are gone or changed; empty if none is, and for a plain folder.

    Raises InputError if its manifest is damaged.
    """
    return _lost(folder, originals_of(folder)) if is_training_set(folder) else ""


def _with_lost_photos(study: Study) -> dict[str, Originals]:
    hash_of = hash_cache(study.workspace)
    found = {}
    for name, section in study.spec.searched().items():
        folder = None if section.references is None else study.path(section.references)
        if folder is None or not is_training_set(folder):
            continue
        try:
            originals = originals_of(folder, hash_of)
        except InputError:  # of a damaged manifest, which is refused where its photos are opened
            continue
        if not originals.complete:
            found[name] = originals
    return found


def _line(folder: Path, originals: Originals, *, kept: bool) -> str:
    instead = phrase("its own crops are compared with, and score otherwise")
    if originals.found:
        instead = phrase("the other photos are compared with")
    if kept:
        instead = phrase("what was observed in them before is used")
    text = '{lost}: {instead}; put them back, or write where they are as "folder" into {file}'
    return phrase(text, lost=_lost(folder, originals), instead=instead, file=folder / NAME)


def _lost(folder: Path, originals: Originals) -> str:
    manifest = read_manifest(folder)
    return joined(
        " and ",
        [
            phrase(
                "{count} of its {all} photos {what} ({names})",
                count=len(names),
                all=len(manifest.photos),
                what=what,
                names=_listed(names),
            )
            for names, what in (
                (originals.gone, phrase("are not in {folder}", folder=manifest.folder)),
                (originals.changed, phrase("were changed since it was prepared")),
            )
            if names
        ],
    )


def _listed(names: Sequence[str]) -> str:
    more, shown = len(names) - NAMED, ", ".join(names[:NAMED])
    return phrase("{names} and {more} more", names=shown, more=more) if more > 0 else shown

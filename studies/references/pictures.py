"""The pictures that a searched LoRA is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.boxes import ShareBox
from models.errors import InputError
from models.io.colour import has_other_colours
from models.io.images import open_photo
from studies.file_hashes import cached_hash
from studies.references.close_ups import stored_close_ups
from studies.references.photos import boxes_in, named_photos, reference_files
from studies.references.source import preview_of
from studies.study import Study

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class ReferencePictures:
    """Opened on demand: creating one reads no picture."""

    content: str
    """A hash or name of all that decides the pictures."""
    open: Callable[[], list[tuple[Path, Image]]]
    """Opens them: files and RGB pictures. Raises InputError if none opens."""
    boxes: Callable[[], list[ShareBox] | None] = lambda: None
    """Where the LoRA's thing is in each, in shares of width and height; None if that is not recorded."""


def reference_pictures(study: Study, name: str) -> ReferencePictures:
    """Of one searched LoRA.

    Raises InputError if the folder of photos is not there, or the close-ups are needed and not drawn yet.
    """
    section = study.spec.loras[name]
    if section.references is not None:
        folder = study.path(section.references)
        if not folder.is_dir():
            raise InputError("no such folder of reference photos", folder, f"mend loras.{name}.references")
        content = cached_hash(study.workspace, folder) + _colours(reference_files(folder))
        return ReferencePictures(content, lambda: named_photos(folder), lambda: boxes_in(folder))
    preview = preview_of(study.path(section.file))
    files = [preview] if preview is not None else stored_close_ups(study, name)
    content = " ".join(cached_hash(study.workspace, file) if preview is not None else file.name for file in files) + _colours(
        files
    )
    return ReferencePictures(content, lambda: [(file, open_photo(file)) for file in files])


def _colours(files: Iterable[Path]) -> str:
    """Marks pictures whose numbers are not sRGB: what was observed before profiles were applied is observed anew."""
    return " in sRGB" if any(has_other_colours(file) for file in files) else ""

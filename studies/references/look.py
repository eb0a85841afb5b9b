"""The pictures that a searched LoRA is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.io.images import open_photo
from scorers.observe.observation import Box
from studies.file_hashes import cached_hash
from studies.references.close_ups import stored_close_ups
from studies.references.photos import boxes_in, named_photos
from studies.references.source import preview_of

if TYPE_CHECKING:
    from PIL.Image import Image

    from studies.study import Study


@dataclass(frozen=True)
class Look:
    """`content` is what decides the references, as a hash or a name; `pictures` opens their files and RGB pictures, and `boxes`
    tells in shares where the thing is in each, None where that is not known."""

    content: str
    pictures: Callable[[], list[tuple[Path, Image]]]
    boxes: Callable[[], list[Box] | None] = lambda: None


def look_of(study: Study, name: str) -> Look:
    """What a searched LoRA is compared with.

    Raises InputError if the folder of photos is not there, or the close-ups are needed and not drawn yet.
    """
    section = study.spec.loras[name]
    if section.references is not None:
        folder = study.path(section.references)
        if not folder.is_dir():
            raise InputError("no such folder of reference photos", folder, f"mend loras.{name}.references")
        return Look(cached_hash(study.workspace, folder), lambda: named_photos(folder), lambda: boxes_in(folder))
    preview = preview_of(study.path(section.file))
    files = [preview] if preview is not None else stored_close_ups(study, name)
    content = " ".join(cached_hash(study.workspace, file) if preview is not None else file.name for file in files)
    return Look(content, lambda: [(file, open_photo(file)) for file in files])

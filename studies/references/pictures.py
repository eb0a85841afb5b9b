"""The pictures that a searched LoRA is compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.boxes import ShareBox
from models.errors import InputError
from models.io.colour import has_other_colours
from models.io.images import open_photo
from models.language.translate import phrase
from studies.file_hashes import cached_hash, hash_cache
from studies.references.close_ups import stored_close_ups
from studies.references.photos import (
    boxes_in,
    content_of,
    is_training_set,
    named_photos,
    originals_of,
    recorded_content,
    recorded_photos,
    reference_files,
)
from studies.references.source import preview_of
from studies.study import Study

if TYPE_CHECKING:
    from PIL.Image import Image

OTHER_COLOURS: Final = " in sRGB"


@dataclass(frozen=True)
class ReferencePictures:
    """Opened on demand: creating one reads no picture."""

    content: str
    """A hash or name of all that decides the pictures."""
    open: Callable[[], list[tuple[Path, Image]]]
    """Opens them: files and RGB pictures. Raises InputError if none opens."""
    boxes: Callable[[], list[ShareBox] | None] = lambda: None
    """Where the LoRA's thing is in each, in shares of width and height; None if that is not recorded."""
    there: bool = True
    """Whether `open` gives what the references are observed in. Otherwise others stand in for people to see, and only references
    that are stored already can be had."""


def reference_pictures(study: Study, name: str) -> ReferencePictures:
    """Of one searched LoRA: those whose references are stored, or else those that can be observed now.

    Raises InputError if the folder of photos is not there, or the close-ups are needed and not drawn yet.
    """
    options = list(_options(study, name))
    stored = (option for option in options if study.workspace.read(stored_as(study, name, option)) is not None)
    return next(stored, None) or next(option for option in options if option.there)


def stored_as(study: Study, name: str, pictures: ReferencePictures) -> str:
    """The name under which the workspace stores the references that are observed in `pictures`."""
    kind = study.spec.loras[name].kind
    digest = hashlib.sha256(f"{study.observer_id} {kind} {pictures.content}".encode()).hexdigest()
    return f"references-{digest[:16]}"


def _options(study: Study, name: str) -> Iterator[ReferencePictures]:
    """What the LoRA may be compared with, the best first; one of them at least is `there`."""
    section = study.spec.loras[name]
    if section.references is not None:
        folder = study.path(section.references)
        if not folder.is_dir():
            raise InputError("no such folder of reference photos", folder, phrase("mend loras.{name}.references", name=name))
        yield from _photos(study, folder)
        return
    preview = preview_of(study.path(section.last))
    files = [preview] if preview is not None else stored_close_ups(study, name)
    content = " ".join(cached_hash(study.workspace, file) if preview is not None else file.name for file in files)
    yield ReferencePictures(content + _colours(files), lambda: [(file, open_photo(file)) for file in files])


def _photos(study: Study, folder: Path) -> Iterator[ReferencePictures]:
    hash_of = hash_cache(study.workspace)
    gone = is_training_set(folder) and not originals_of(folder, hash_of).complete
    if gone:
        # What was observed while the photos were there is still true of them.
        for mark in ("", OTHER_COLOURS):
            yield ReferencePictures(recorded_content(folder) + mark, lambda: recorded_photos(folder, hash_of), there=False)
    colours = _colours(reference_files(folder, hash_of))
    now = content_of(folder, hash_of) + colours
    yield ReferencePictures(now, lambda: named_photos(folder, hash_of), lambda: boxes_in(folder, hash_of))
    # Earlier versions stored references under the hash of the whole folder.
    shown = recorded_photos if gone else named_photos
    yield ReferencePictures(hash_of(folder) + colours, lambda: shown(folder, hash_of), there=False)


def _colours(files: Iterable[Path]) -> str:
    """Marks pictures whose numbers are not sRGB: what was observed before profiles were applied is observed anew."""
    return OTHER_COLOURS if any(has_other_colours(file) for file in files) else ""

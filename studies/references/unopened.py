"""Photos that do not open and so are compared with nothing, in words: otherwise scores would rest on fewer without a sign."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.io.images import open_photo
from models.language.translate import joined, phrase
from studies.file_hashes import hash_cache
from studies.observers.region_photos import region_photos
from studies.references.photos import is_training_set
from studies.study import Study

NAMED: Final = 3
"""Files that a line names."""
OPENED: Final = "photos-that-open"
"""The workspace's record: by content, why a photo does not open, and "" if it does: opening many takes seconds."""


def unopened_notes(study: Study) -> dict[str, str]:
    """A line for each searched LoRA some of whose photos do not open; the workspace keeps which do, where it exists."""
    known = study.workspace.read(OPENED)
    before = {str(key): str(why) for key, why in known.items()} if isinstance(known, dict) else {}
    now, notes, hash_of = dict(before), {}, hash_cache(study.workspace)
    for name, files in _compared(study):
        wrong = {}
        for file in files:
            content = hash_of(file) if file.is_file() else ""
            why = now.get(content) if content else "no such photo"
            if why is None:
                why = now[content] = _why(file)
            if why:
                wrong[file.name] = why
        if wrong:
            notes[name] = _line(wrong, len(files))
    if now != before and study.workspace.root.is_dir():
        study.workspace.write(OPENED, now)
    return notes


def _compared(study: Study) -> Iterator[tuple[str, list[Path]]]:
    """Searched LoRAs with the photos of plain folders, and with the crops of training sets that scorers of regions look at: all
    others are refused where one does not open."""
    looked_at = {duty.lora for duty in study.spec.scorers.regions()}
    for name, photos in region_photos(study.spec.loras, study.root).items():
        if name not in study.spec.searched() or (is_training_set(photos.folder) and name not in looked_at):
            continue
        try:
            yield name, photos.files()
        except InputError:  # refused where they are opened
            continue


def _why(file: Path) -> str:
    try:
        open_photo(file)
    except InputError as error:
        return error.what
    return ""


def _line(wrong: dict[str, str], of: int) -> str:
    named = joined(", ", (phrase("{name} ({why})", name=name, why=phrase(why)) for name, why in [*wrong.items()][:NAMED]))
    more = phrase(" and {count} more", count=len(wrong) - NAMED) if len(wrong) > NAMED else ""
    others = len(wrong) < of
    rest = phrase("the others are compared with") if others else phrase("nothing is left to compare with")
    return phrase(
        "{count} of its {of} photos do not open: {named}{more}; {rest}",
        count=len(wrong),
        of=of,
        named=named,
        more=more,
        rest=rest,
    )

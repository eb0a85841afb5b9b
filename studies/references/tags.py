"""The words of a training set's captions that its photos share: they name what is the thing's own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

from studies.references.photos import is_training_set
from trainers.prepare.captions import tags_of
from trainers.prepare.manifest import Cut, read_manifest

SHARED: Final = 0.4
"""Share of the pictures whose captions must have a tag: taggers miss some. What is no part of the thing is named by no part."""


def shared_tags(folder: Path) -> tuple[str, ...]:
    """In the order of the first caption that has them; none for a plain folder.

    Tags that were left to the trigger count too, and captions as a person has them now. Raises InputError for a damaged manifest.
    """
    if not is_training_set(folder):
        return ()
    captions = [_tags(folder, record.train) for record in read_manifest(folder).photos]
    counts = Counter(tag for tags in captions for tag in tags)
    return tuple(tag for tag, count in counts.items() if count >= SHARED * len(captions))


def _tags(folder: Path, cut: Cut) -> list[str]:
    written = (folder / cut.file).with_suffix(".txt")
    text = written.read_text(encoding="utf-8", errors="replace") if written.is_file() else ""
    return list(dict.fromkeys([*cut.tags, *tags_of(text)]))

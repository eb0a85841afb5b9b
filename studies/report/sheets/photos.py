"""The contact sheet of a training set: each photo beside the crops that are trained, and what was set aside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from dashboards.sheet import Cell, LabelledBox, sheet
from models.language.translate import joined, phrase
from studies.report.sheets.style import rows

if TYPE_CHECKING:
    from trainers.prepare.manifest import Cut, Manifest, PhotoRecord, SetAside

PHOTOS: Final = 3
"""Photos in a row, each with two crops."""
TALL: Final = 240
"""Pixels of a picture's longer side."""
ASIDE: Final = 18
"""Photos that were set aside, at most."""


def photo_sheet(manifest: Manifest, dataset: Path) -> Path:
    """Every photo with its boxes and both crops, labels below them, as `contact-sheet.png` in the training set."""
    from trainers.prepare.manifest import SHEET

    columns = 3 * PHOTOS
    cells = rows([cell for record in manifest.photos for cell in _photo(manifest, record, dataset)], columns)
    cells += rows([_aside(manifest, aside) for aside in manifest.set_aside[:ASIDE]], columns)
    title = phrase(
        "{trigger}: {count} photos, each with its crops. Orange: {kind}; blue: the wearer",
        trigger=manifest.trigger,
        count=len(manifest.photos),
        kind=phrase(manifest.kind),
    )
    path = dataset / SHEET
    sheet(cells, title=title, footer=joined("\n", manifest.warnings), tall=TALL).save(path)
    return path


def _photo(manifest: Manifest, record: PhotoRecord, dataset: Path) -> list[Cell]:
    from models.io.images import open_photo

    photo = open_photo(Path(manifest.folder) / record.file)
    boxes = (LabelledBox(record.thing), *([LabelledBox(record.wearer)] if record.reg is not None else []))
    return [
        Cell(photo, (record.file, _size(record.size)), boxes=boxes),
        _crop("train", record.train, dataset),
        Cell(None, (phrase("no reg: {why}", why=phrase(record.reg_missing or "")),))
        if record.reg is None
        else _crop("reg", record.reg, dataset),
    ]


def _crop(name: str, cut: Cut, dataset: Path) -> Cell:
    from models.io.images import open_photo

    tags = () if cut.caption is None else (", ".join(cut.tags) or phrase("no tags"),)
    return Cell(open_photo(dataset / cut.file), (f"{name} {_size(cut.size)}", *tags))


def _aside(manifest: Manifest, aside: SetAside) -> Cell:
    from models.errors import InputError
    from models.io.images import open_photo

    lines = (aside.file, phrase("set aside: {why}", why=phrase(aside.why)))
    try:
        photo = open_photo(Path(manifest.folder) / aside.file)
    except InputError:
        return Cell(None, lines, "bad")
    found = tuple(LabelledBox(box) for box in (aside.thing, aside.wearer) if box is not None)
    return Cell(photo, lines, "bad", found)


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"

"""The contact sheet of a training set: each photo with its two crops."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.sheet import Cell, LabelledBox, sheet
from studies.report.sheets.style import rows

if TYPE_CHECKING:
    from trainers.prepare.manifest import Manifest


def photo_sheet(manifest: Manifest, dataset: Path) -> Path:
    """Every photo with its boxes and tags, as `contact-sheet.png` in the training set."""
    from models.io.images import open_photo
    from trainers.prepare.manifest import SHEET

    cells = []
    for record in manifest.photos:
        boxes = (LabelledBox(record.wearer, "wearer"), LabelledBox(record.thing, manifest.kind))
        image = open_photo(Path(manifest.folder) / record.file)
        cells.append(Cell(image, (record.file, ", ".join(record.train.tags) or "no tags"), boxes=boxes))
    path = dataset / SHEET
    sheet(rows(cells, 6), title=f"{manifest.trigger}: {len(cells)} photos", footer="; ".join(manifest.warnings), tall=260).save(
        path
    )
    return path

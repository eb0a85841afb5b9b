"""Prepares a training set from names: opens the part parser and the tagger, and draws a contact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.language.translate import phrase
from studies.callback import Callback, SilentCallback
from studies.training.parser_on_need import ParserOnNeed
from studies.training.taggers import open_tagger
from trainers.prepare.locator import Locator, NoLocator
from trainers.prepare.settings import PrepareSettings

if TYPE_CHECKING:
    from trainers.prepare.dataset_writer import Prepared


NONE: Final = "none"
"""Instead of a part parser or a tagger."""


def prepare_photos(
    photos: Path | str,
    out: Path | str,
    settings: PrepareSettings,
    *,
    parser: str | Path,
    tagger: str | Path = "none",
    tags: Path | str | None = None,
    callback: Callback | None = None,
) -> tuple[Prepared, Path]:
    """Makes the training set `out` of the folder `photos`; returns it and the file of its contact sheet.

    `parser` is a SegFormer folder or hub name, or a whole-body pose model's ONNX file, opened if a photo lacks a box by hand, or
    "none";
    `tagger` and `tags` as in `open_tagger`. Raises InputError, before
    anything is written, for models that do not open and as `trainers.prepare.dataset_writer.prepare` does.
    """
    from models.io.images import list_photos
    from studies.report.sheets.photos import photo_sheet
    from trainers.prepare.dataset_writer import prepare

    photos, out = Path(photos), Path(out)
    with (callback or SilentCallback()).progress(phrase("prepare {name}", name=settings.trigger)) as advance:
        list_photos(photos)
        locator: Locator = NoLocator() if str(parser) == NONE else ParserOnNeed(str(parser), settings.kind)
        prepared = prepare(
            photos,
            out,
            settings,
            locator=locator,
            tagger=open_tagger(str(tagger), None if tags is None else Path(tags)),
            progress=advance,
        )
    return prepared, photo_sheet(prepared.manifest, out)

"""Photos to a training set: two crops of each photo at one ratio, in the folders that kohya's scripts and the trainer read.

`train/N_trigger` holds the thing itself (garment, face, shoes) with captions, `reg/M_trigger` its wearer: what is in `reg` and
not in `train` is not the thing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.boxes import DrawnBoxes
from models.errors import InputError
from models.io.disk import writing
from models.io.images import list_photos
from models.language.translate import phrase
from trainers.prepare.advice import advice, advice_on_crops, advice_on_files
from trainers.prepare.boxes import NAME as BOXES
from trainers.prepare.boxes import chosen_boxes, corrected, refuse_outside, unknown_photos, write_boxes
from trainers.prepare.caption_files import find_captions
from trainers.prepare.cutting.crops import Size
from trainers.prepare.folder import cleared, earlier_manifest, keep_edits, replace, restore, sibling
from trainers.prepare.images import write_captions, write_crops
from trainers.prepare.locator import Locator
from trainers.prepare.manifest import Manifest, relative_folder
from trainers.prepare.names import check_text, unused_files
from trainers.prepare.photos import survey
from trainers.prepare.settings import PrepareSettings
from trainers.prepare.tagger import Tagger


@dataclass(frozen=True)
class Prepared:
    """A training set as it was written. Every usable photo gives one image to `train`, and one to `reg` if it shows a wearer."""

    out: Path
    """Its folder."""
    manifest: Manifest
    """What it was made from."""
    captions: int = 0
    """Photos whose own captions were kept."""

    @property
    def pictures(self) -> int:
        """Usable photos."""
        return len(self.manifest.photos)

    @property
    def sizes(self) -> dict[str, dict[Size, int]]:
        """How many images of each size `train` and `reg` hold."""
        found: dict[str, dict[Size, int]] = {"train": {}, "reg": {}}
        for photo in self.manifest.photos:
            for name, cut in photo.cuts.items():
                found[name][cut.size] = found[name].get(cut.size, 0) + 1
        return found


def prepare(
    photos: Path,
    out: Path,
    settings: PrepareSettings,
    *,
    locator: Locator,
    tagger: Tagger | None,
    progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Writes the training set `out` from the folder `photos`, whole or not at all.

    Captions that lie next to the photos are kept, the trigger in front. A second run keeps captions that a person changed and
    files that a person added. Boxes come from `settings.boxes`, or else from a boxes.json beside the photos, for the photos it
    names, then from a person's corrections of the boxes.json in `out`, then from the locator. Calls `progress` with (photos
    done, photos).

    Raises InputError for an empty folder, an `out` that holds something else or cannot be written, if no photo is usable,
    for boxes outside their photos, and for two captions of one photo that differ.
    """
    check_text(photos.resolve(), out.resolve())
    restore(out)
    paths = list_photos(photos)
    captions = find_captions(paths, [photos])
    written = {path.name: caption.text for path, caption in captions.by_picture.items() if caption.text}
    drawn = settings.boxes or photos / BOXES
    unused = unused_files(photos, {*paths, *captions.files, drawn}, out)
    before = earlier_manifest(out)
    boxes, notes = _boxes(out, before, drawn if settings.boxes or drawn.exists() else None, paths)
    usable, aside = survey(paths, settings.kind, locator, settings.size, progress, boxes)
    if not usable:
        mend = "draw boxes with `huanhua boxes PHOTOS`" if any(a.doubtful for a in aside) else "take clearer photos"
        raise InputError(
            phrase(
                "none of the {count} photos can be used ({file}: {why})", count=len(paths), file=aside[0].file, why=aside[0].why
            ),
            photos,
            mend,
        )
    repeats, reg_repeats = settings.plan.repeats(len(usable)), settings.plan.regularisation_repeats(len(usable))
    partial = sibling(out, "partial")
    with cleared(partial), writing(out):
        folders = {"train": f"train/{repeats}_{settings.trigger}", "reg": f"reg/{reg_repeats}_{settings.reg_token}"}
        for name, folder in folders.items():
            if name == "train" or any(photo.reg is not None for photo in usable):
                (partial / folder).mkdir(parents=True)
        records = write_captions(write_crops(usable, partial, folders, tagger, settings, written), partial, settings, written)
        manifest = Manifest(
            settings.kind,
            settings.trigger,
            str(photos.resolve()),
            repeats,
            reg_repeats,
            tuple(records),
            tuple(aside),
            (
                *notes,
                *advice(settings.kind, usable, aside),
                *advice_on_crops(usable, settings.size),
                *advice_on_files(photos, captions, unused),
            ),
            settings.reg_token,
            relative_folder(photos, out),
        )
        manifest.write(partial)
        write_boxes(partial / BOXES, manifest, boxes)
        if before is not None:
            keep_edits(out, before, partial, manifest)
        replace(out, partial)
    return Prepared(out, manifest, sum(record.file in written for record in manifest.photos))


def _boxes(
    out: Path, before: Manifest | None, file: Path | None, paths: Sequence[Path]
) -> tuple[dict[str, DrawnBoxes], list[str]]:
    """The boxes that a person wrote, by file name of the photo, and a line on those of no photo."""
    names = {path.name for path in paths}
    corrections = corrected(out / BOXES, before) if before is not None else {}
    drawn = chosen_boxes(file) if file is not None else {}
    note = unknown_photos(drawn, names, file) if file is not None else None
    if file is not None:
        refuse_outside(drawn, paths, file)
    refuse_outside({name: boxes for name, boxes in corrections.items() if name not in drawn}, paths, out / BOXES)
    return {name: boxes for name, boxes in (corrections | drawn).items() if name in names}, [note] if note else []

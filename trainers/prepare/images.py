"""The crops of a training set and their captions."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from models.io.images import open_photo
from trainers.prepare.captions import compose
from trainers.prepare.crops import Size, Window, common_size, filled_size
from trainers.prepare.folder import caption_path
from trainers.prepare.manifest import Cut, PhotoRecord
from trainers.prepare.photos import Usable
from trainers.prepare.settings import PrepareSettings
from trainers.prepare.tagger import Tagger

if TYPE_CHECKING:
    from PIL import Image


def write_crops(
    usable: list[Usable], partial: Path, folders: Mapping[str, str], tagger: Tagger | None, settings: PrepareSettings
) -> list[PhotoRecord]:
    """Cuts and tags each photo and writes its crops to `partial`; captions come when all tags are there.

    `folders` are those of `train` and `reg`, relative to `partial`.
    """
    sizes = settings.sizes
    allowed = {
        "train": sizes[sizes.index(common_size([photo.train for photo in usable], sizes)) :],
        "reg": sizes[sizes.index(common_size([photo.reg for photo in usable], sizes)) :],
    }
    records = []
    for photo in usable:
        image = open_photo(photo.path)
        cuts = {}
        for name, window in (("train", photo.train), ("reg", photo.reg)):
            size = filled_size(window, allowed[name])
            assert size is not None
            file = f"{folders[name]}/{photo.path.name}.png"
            _resized(image, window, size).save(partial / file)
            captioned = name == "train" or settings.caption_reg
            tags = tuple(tagger.tag([image.crop(window)])[0]) if captioned and tagger is not None else ()
            cuts[name] = Cut(file, window, size, tags, "" if captioned else None)
        crops = cuts["train"], cuts["reg"]
        records.append(PhotoRecord(photo.path.name, photo.sha256, photo.size, photo.thing, photo.wearer, *crops))
    return records


def write_captions(records: list[PhotoRecord], partial: Path, settings: PrepareSettings) -> list[PhotoRecord]:
    """The records with their captions, each written next to its image."""
    share = settings.left_to_trigger
    least = math.inf if share is None else share * len(records)
    counts = Counter(tag for record in records for tag in {*record.train.tags, *record.reg.tags})
    left_out = {tag for tag, count in counts.items() if count >= least}

    def captioned(cut: Cut, token: str) -> Cut:
        if cut.caption is None:
            return cut
        caption = compose(token, [tag for tag in cut.tags if tag not in left_out])
        caption_path(partial / cut.file).write_text(caption + "\n", encoding="utf-8")
        return dataclasses.replace(cut, caption=caption)

    return [
        dataclasses.replace(
            record, train=captioned(record.train, settings.trigger), reg=captioned(record.reg, settings.reg_token)
        )
        for record in records
    ]


def _resized(photo: Image.Image, window: Window, size: Size) -> Image.Image:
    from PIL import Image

    return photo.crop(window).resize(size, Image.Resampling.LANCZOS)

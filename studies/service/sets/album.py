"""The photos of a set one by one: boxes, both crops, tags; read and changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from dashboards.box_page.album import shares, state, whole_pixels
from models.boxes import DrawnBoxes, PixelBox, ShareBox
from models.errors import InputError
from models.io.disk import writing
from models.io.files import write_whole
from models.io.images import photo_size
from models.language.translate import translated
from studies.service.rooms import NotThereError
from studies.service.sets.bodies import Drawn, PhotoCard
from studies.training.box_drawing import BoxDrawing
from trainers.prepare.boxes import NAME as BOXES
from trainers.prepare.boxes import read_boxes
from trainers.prepare.captions import compose, tags_of
from trainers.prepare.folder import caption_path
from trainers.prepare.manifest import Manifest, PhotoRecord, read_manifest

if TYPE_CHECKING:
    from studies.service.sets.photo_set import PhotoSet

Crop = Literal["train", "reg"]


class Album:
    """One set as it is now, its files read once. Raises InputError for boxes and manifests that cannot be read."""

    def __init__(self, photo_set: PhotoSet) -> None:
        self.set = photo_set
        self.manifest: Manifest | None = read_manifest(photo_set.data) if photo_set.is_cut else None
        self._drawn, self._found = _boxes(photo_set.photos), _boxes(photo_set.data)
        self._trigger = photo_set.facts()[1]
        self._records = {} if self.manifest is None else {record.file: record for record in self.manifest.photos}
        self._aside = {} if self.manifest is None else {aside.file: translated(aside.why) for aside in self.manifest.set_aside}

    def cards(self) -> list[PhotoCard]:
        return [self.card(name) for name in self.set.photo_names()]

    def card(self, name: str) -> PhotoCard:
        """`name` is that of a photo that is there."""
        by_hand = self._drawn.get(name, DrawnBoxes())
        is_mine = by_hand != DrawnBoxes()
        found = by_hand if is_mine else self._found.get(name, DrawnBoxes())
        size, record = photo_size(self.set.photos / name), self._records.get(name)
        missing = translated(record.reg_missing) if record is not None and record.reg_missing else None
        return PhotoCard(
            name=name,
            image=self._address("photos", name),
            size=size,
            thing=None if size is None else shares(found.thing, size),
            wearer=None if size is None else shares(found.wearer, size),
            nobody=found.is_alone,
            skip=found.skip,
            by="hand" if is_mine else "parser" if found.thing is not None or found.wearer is not None else None,
            state=state(found),
            train=self._crop_address("train", record),
            reg=self._crop_address("reg", record),
            tags=None if record is None else self._tags(record),
            why=self._aside.get(name, missing),
        )

    def crop(self, which: Crop, name: str) -> Path:
        """The file of a crop. Raises NotThereError where it was not cut."""
        record = self._records.get(name)
        path = None if record is None else self._crop(which, record)
        if path is None:
            raise NotThereError("this photo has no such crop", name[:80], "cut the photos anew")
        return path

    def keep_tags(self, name: str, tags: list[str]) -> None:
        """Into the caption of the photo's crop in `train`, as a person edits it: cutting anew keeps it."""
        assert self.manifest is not None or name not in self._records
        crop, trigger = self.crop("train", name), self._trigger
        words = [tag for part in tags for tag in tags_of(" ".join(part.split())) if tag != trigger]
        with writing(crop):
            write_whole(caption_path(crop), (compose(trigger, words) + "\n").encode())

    def _tags(self, record: PhotoRecord) -> list[str] | None:
        crop = self._crop("train", record)
        if crop is None:
            return None
        try:
            return [tag for tag in tags_of(caption_path(crop).read_text(encoding="utf-8").strip()) if tag != self._trigger]
        except (OSError, UnicodeDecodeError):
            return []

    def _crop_address(self, which: Crop, record: PhotoRecord | None) -> str | None:
        path = None if record is None else self._crop(which, record)
        if record is None or path is None:
            return None
        return f"{self._address('crops/' + which, record.file)}?at={path.stat().st_mtime_ns}"

    def _crop(self, which: Crop, record: PhotoRecord) -> Path | None:
        cut = record.cuts.get(which)
        path = None if cut is None else self.set.data / cut.file
        # A manifest is a file like any other: what it names outside of its own set is no crop.
        inside = path is not None and path.resolve().is_relative_to(self.set.data.resolve())
        return path if inside and path is not None and path.is_file() else None

    def _address(self, kind: str, name: str) -> str:
        return f"api/sets/{quote(self.set.name)}/{kind}/{quote(name)}"


def keep_boxes(photo_set: PhotoSet, name: str, drawn: Drawn) -> None:
    """Beside the photos, as `huanhua boxes` keeps them. Raises InputError for a box without an inside, and a photo that
    does not open."""
    path = photo_set.photo(name)
    size = photo_size(path)
    if size is None:
        raise InputError("a damaged or cut short picture", path, "copy the photo again")
    thing, wearer = (_pixels(box, size) for box in (drawn.thing, None if drawn.nobody else drawn.wearer))
    by_hand = thing is not None and (wearer is not None or drawn.nobody)
    BoxDrawing(photo_set.photos).keep(name, DrawnBoxes(thing, wearer, by_hand, drawn.skip))


def _pixels(box: list[float] | None, size: tuple[int, int]) -> PixelBox | None:
    if box is None:
        return None
    made = whole_pixels(ShareBox(*box), size)
    if made is None:
        raise InputError("a box without an inside", ", ".join(f"{side:g}" for side in box), "draw it inside the photo")
    return made


def _boxes(folder: Path) -> Mapping[str, DrawnBoxes]:
    return read_boxes(folder / BOXES) if (folder / BOXES).is_file() else {}

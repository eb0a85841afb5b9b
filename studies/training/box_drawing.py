"""The photos of a folder and their boxes file, for the page on which boxes are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from models.boxes import DrawnBoxes
from models.errors import InputError
from trainers.prepare.boxes import NAME, boxes_text, read_boxes

if TYPE_CHECKING:
    from PIL.Image import Image


class BoxDrawing:
    """A folder's photos, and a boxes file that is read anew before each change: a person may edit it meanwhile."""

    def __init__(self, photos: Path, file: Path | None = None) -> None:
        """`file` is boxes.json in `photos` by default, where `prepare` finds it.

        Raises InputError for a folder without photos, and a file that is no boxes file or cannot be written.
        """
        from models.io.disk import check_writable

        self.photos, self.path = photos, file or photos / NAME
        if not self.names:
            raise InputError("no photos whose names can be written down", photos, "rename them")
        if self.path.is_dir():
            raise InputError("a folder is in the way", self.path, "name a file by --out")
        self.boxes()
        check_writable(self.path.parent)

    @property
    def title(self) -> str:
        """The folder's name."""
        return self.photos.resolve().name

    @property
    def file(self) -> str:
        """The boxes file, as text."""
        return str(self.path)

    @cached_property
    def names(self) -> list[str]:
        """File names that can stand in a boxes file, in order. Raises InputError for a folder without photos."""
        from models.io.images import list_photos
        from trainers.prepare.names import is_mask, why_unusable

        paths = list_photos(self.photos)
        return [path.name for path in paths if why_unusable(path.name) is None and not is_mask(path, paths)]

    def open(self, name: str) -> Image:
        """The upright photo. Raises InputError for one that does not open."""
        from models.io.images import open_photo

        return open_photo(self.photos / name)

    def boxes(self) -> Mapping[str, DrawnBoxes]:
        """What the file holds now. Raises InputError if it is no boxes file."""
        return read_boxes(self.path) if self.path.exists() else {}

    def keep(self, name: str, drawn: DrawnBoxes) -> None:
        """Writes what was drawn on one photo; where that is nothing its entry goes. Raises InputError where it cannot."""
        from models.io.disk import writing
        from models.io.files import write_whole

        entries = {**self.boxes(), name: drawn}
        if drawn == DrawnBoxes():
            del entries[name]
        with writing(self.path):
            write_whole(self.path, boxes_text(entries).encode("utf-8"))

    def counts(self) -> tuple[int, int, int]:
        """Photos with all their boxes, photos left out, and all photos."""
        kept = self.boxes()
        drawn = [kept[name] for name in self.names if name in kept]
        done = sum(boxes.is_complete and not boxes.skip for boxes in drawn)
        return done, sum(boxes.skip for boxes in drawn), len(self.names)

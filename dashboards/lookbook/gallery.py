"""The images of a look-book: each encoded once, under a descriptive name."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from models.io.files import write_whole
from models.io.images import open_drawn

FOLDER: Final = "images"
SUFFIX: Final = ".webp"
LARGE, SMALL = 1024, 640
"""Pixels of the longer side at most: of what stands large on the page, and of a trial among many."""
QUALITY: Final = 90


@dataclass(frozen=True)
class Shown:
    """An image as the page names it, from the page's own folder, and its size in pixels."""

    file: str
    width: int
    height: int


@dataclass
class Gallery:
    """Writes into the folder `images` of `root`. An image that stands in several places has the name of the first."""

    root: Path
    _placed: dict[Path, Shown] = field(default_factory=dict)

    def place(self, image: Path, name: str, longest: int = SMALL) -> Shown:
        """Encodes `image` as `name`, reduced to `longest`, unless it was placed before. Raises InputError if it does not open."""
        shown = self._placed.get(image)
        if shown is None:
            shown = self._placed[image] = self._encode(image, f"{FOLDER}/{name}{SUFFIX}", longest)
        return shown

    def drop_others(self) -> None:
        """Removes the images of an earlier look-book that this one does not name."""
        named = {self.root / shown.file for shown in self._placed.values()}
        for file in (self.root / FOLDER).glob(f"*{SUFFIX}"):
            if file not in named:
                file.unlink()

    def _encode(self, image: Path, file: str, longest: int) -> Shown:
        from PIL import Image

        opened = open_drawn(image)
        opened.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        stream = io.BytesIO()
        opened.save(stream, format="WEBP", quality=QUALITY, method=4)
        write_whole(self.root / file, stream.getvalue())
        return Shown(file, opened.width, opened.height)

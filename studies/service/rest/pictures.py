"""Pictures of a workspace as pages show them: whole, or a small copy that is made once."""

from __future__ import annotations

import io
import re
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

from dashboards.lookbook.gallery import QUALITY, Gallery, Shown
from models.io.images import open_photo, photo_size
from studies.run.large.stored import FOLDER as LARGE
from studies.run.mended.stored import FOLDER as MENDED
from studies.service.rooms import NotThereError
from studies.workspace import Workspace

KEY: Final = re.compile(r"[0-9a-f]{32}")
"""The name of a stored image without its suffix."""
BESIDE: Final = re.compile(r"seed-[0-9]{1,20}-trial-[0-9]{1,10}\.[0-9a-f]{12}")
"""That of a mended or large one, which names its content too."""
SMALL: Final = 320
"""Pixels of the longer side of a small copy."""
LARGE_COPY: Final = 1600
"""Of one at a screen's size."""
KEPT: Final = 600
"""Small copies that stay in memory, of about 10 kB each."""
KEPT_BYTES: Final = 32_000_000
"""Of all of them: photos that are drawn on are larger."""


class SmallPictures:
    """WebP copies of pictures, the last used ones kept. May be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[Path, int, int], bytes] = OrderedDict()

    def of(self, path: Path, longest: int = SMALL) -> bytes:
        """At most `longest` pixels wide and high. Raises InputError if it does not open."""
        from PIL import Image

        key = path, path.stat().st_mtime_ns, longest
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
        opened = open_photo(path)
        opened.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        stream = io.BytesIO()
        opened.save(stream, format="WEBP", quality=QUALITY, method=2)
        with self._lock:
            self._made[key] = stream.getvalue()
            while len(self._made) > KEPT or sum(map(len, self._made.values())) > KEPT_BYTES:
                self._made.popitem(last=False)
        return stream.getvalue()


def stored_picture(workspace: Workspace, key: str) -> Path:
    """The image of that name in a workspace's cache, or among its mended and large ones. Raises NotThereError for any other
    name."""
    folders = [workspace.images] if KEY.fullmatch(key) else []
    if BESIDE.fullmatch(key):
        folders = [workspace.root / MENDED, workspace.root / LARGE]
    for folder in folders:
        if (path := folder / f"{key}.png").is_file():
            return path
    raise NotThereError("no such picture", key[:80], "load the page again")


def picture_url(study: str, image: Path) -> str:
    """Where the service has an image of a study's cache, or a mended or large one."""
    from urllib.parse import quote

    return f"api/studies/{quote(study)}/pictures/{image.stem}"


class ServedPictures(Gallery):
    """A gallery that copies nothing: the service shows the images where they are."""

    def __init__(self, study: str) -> None:
        super().__init__(Path())
        self._study = study

    def place(self, image: Path, name: str, longest: int = SMALL) -> Shown:
        """`name` and `longest` are for galleries of files."""
        return Shown(picture_url(self._study, image), *(photo_size(image) or (1, 1)))

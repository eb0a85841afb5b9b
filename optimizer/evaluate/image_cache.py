"""Nothing is drawn twice: images on disk, named by a hash of everything that decides them."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.io.files import write_whole
from optimizer.point import Job
from optimizer.render.base import Renderer
from optimizer.render.decode import NotDrawn

if TYPE_CHECKING:
    from PIL.Image import Image

LIMIT: Final = 20 * 10**9
REASON: Final = "huanhua not drawn"


@dataclass
class CachedRenderer:
    """A renderer's images in a folder of PNG files, of at most `limit` bytes: those not asked for longest go first.

    Two processes may share the folder: files appear whole, and one that the other process has just removed is drawn again.
    An image that was drawn in a batch is another file than the same image drawn alone.
    """

    renderer: Renderer
    folder: Path
    limit: int = LIMIT

    def __post_init__(self) -> None:
        self._identity = json.dumps(self.renderer.identity(), sort_keys=True)
        self._unchecked = self.limit

    def path(self, job: Job, *, together: bool = False) -> Path:
        key = [self._identity, job.seed, job.point.key(), *(["together"] if together else [])]
        return self.folder / f"{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]}.png"

    def find(self, job: Job, *, alone: bool) -> Path | None:
        """The stored image, drawn alone or, unless `alone`, in a batch."""
        places = [self.path(job)] if alone else [self.path(job), self.path(job, together=True)]
        return next((place for place in places if place.exists()), None)

    def render(self, jobs: Sequence[Job], *, alone: bool = False) -> list[tuple[Path, Image | NotDrawn]]:
        """Where the image of each job lies, and the image: from disk if it was drawn before, by any stage or run.

        `alone`: those that are missing are drawn one by one, and none that was drawn in a batch stands for them.
        """
        found: dict[int, tuple[Path, Image | NotDrawn]] = {}
        for index, job in enumerate(jobs):
            place = self.find(job, alone=alone)
            image = _load(place) if place is not None else None
            if place is not None and image is not None:
                found[index] = place, image
        missing = [index for index in range(len(jobs)) if index not in found]
        for part in [[index] for index in missing] if alone else [missing] if missing else []:
            images = self.renderer.render([jobs[index] for index in part])
            for index, image in zip(part, images, strict=True):
                place = self.path(jobs[index], together=len(part) > 1)
                self._store(place, image)
                found[index] = place, image
        return [found[index] for index in range(len(jobs))]

    def _store(self, place: Path, image: Image | NotDrawn) -> None:
        self.store(place, as_png(image))

    def store(self, place: Path, data: bytes) -> None:
        """Keeps a PNG that was drawn elsewhere."""
        write_whole(place, data)
        self._unchecked += len(data)
        if self._unchecked > self.limit / 16:
            self._unchecked = 0
            self._bound()

    def _bound(self) -> None:
        """Removes what was not asked for longest, until the rest is within the limit."""
        files = []
        for file in self.folder.glob("*.png"):
            try:
                files.append((file.stat().st_mtime_ns, file.stat().st_size, file))
            except FileNotFoundError:
                continue
        held = sum(size for _, size, _ in files)
        for _, size, file in sorted(files)[:-1]:
            if held <= self.limit:
                break
            file.unlink(missing_ok=True)
            held -= size


def as_png(image: Image | NotDrawn) -> bytes:
    """As the cache keeps it; what was not drawn is a card that says why."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    if isinstance(image, NotDrawn):
        info.add_itxt(REASON, image.reason)
        image = _card(image.reason)
    stream = io.BytesIO()
    image.save(stream, format="PNG", pnginfo=info)
    return stream.getvalue()


def _card(reason: str) -> Image:
    """What stands in sheets where an image would."""
    from PIL import Image, ImageDraw

    card = Image.new("RGB", (128, 192), (96, 96, 96))
    ImageDraw.Draw(card).multiline_text((64, 96), f"not drawn:\n{reason}", anchor="mm", align="center", fill=(255, 255, 255))
    return card


def _load(place: Path) -> Image | NotDrawn | None:
    """A stored image, marked as asked for just now; None if another process has removed it meanwhile."""
    from PIL import Image

    try:
        os.utime(place)
        with Image.open(place) as stored:
            reason = stored.info.get(REASON)
            return NotDrawn(str(reason)) if reason is not None else stored.convert("RGB")
    except FileNotFoundError:
        return None

"""Images on disk, named by a hash of everything that decides them: nothing is drawn twice."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.io.files import write_whole
from models.io.images import DAMAGES, damaged_drawn
from optimizer.point import Job, Point, lora_of_key
from optimizer.render.decode import NotDrawn

if TYPE_CHECKING:
    from PIL.Image import Image

LIMIT: Final = 20 * 10**9
"""Bytes of images that a cache keeps by default."""
REASON: Final = "huanhua not drawn"
"""The PNG text key under which the card of an image that was not drawn gives the reason."""


@dataclass
class ImageCache:
    """The images of one renderer in a folder of PNG files, of at most `limit` bytes: the least recently used go first.

    `identity` is the renderer's: the half of the cache key that all jobs share. Two processes may share the folder: files appear
    whole, and one that the other process has just removed counts as missing.
    """

    folder: Path
    identity: Mapping[str, Any]
    limit: int = LIMIT

    def __post_init__(self) -> None:
        self._by_files: dict[tuple[tuple[str, str], ...], str] = {}
        self._unchecked = self.limit

    def path(self, job: Job, *, together: bool = False) -> Path:
        """The file of the job's image, drawn alone or `together` with others in a batch: two files, since rounding differs."""
        key = [*self._decided_by(job.point), *(["together"] if together else [])]
        key.insert(1, job.seed)
        key += [] if job.regions is None else [{"regions": job.regions.digest}]
        key += [] if job.hints is None else [{"hints": job.hints.digest}]
        return self.folder / f"{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]}.png"

    def _decided_by(self, point: Point) -> list[Any]:
        """The identity with the files that the point draws with, and the rest of the point: other files of its LoRAs decide
        nothing, so that an image stays found where files are added to a LoRA, or the one that draws it is no longer the last."""
        hashes = self.identity.get("loras", {})
        chosen = point.file_keys() if isinstance(hashes, Mapping) else {}
        files = {name: key for name, key in chosen.items() if key in hashes}
        told = tuple(sorted(files.items()))
        if told not in self._by_files:
            own = {name: value for name, value in self.identity.items() if name != "loras"}
            if "loras" in self.identity:
                own["loras"] = _of_files(hashes, files)
            self._by_files[told] = json.dumps(own, sort_keys=True)
        left = {name: label for name, label in point.files.items() if name not in files}
        return [self._by_files[told], replace(point, files=left).key()]

    def find(self, job: Job, *, alone: bool) -> Path | None:
        """The stored image, drawn alone or, unless `alone`, in a batch."""
        places = [self.path(job)] if alone else [self.path(job), self.path(job, together=True)]
        return next((place for place in places if place.exists()), None)

    def load(self, job: Job, *, alone: bool) -> tuple[Path, Image | NotDrawn] | None:
        """As `find`, with the image; marks it as used now."""
        place = self.find(job, alone=alone)
        image = None if place is None else load_png(place)
        return None if place is None or image is None else (place, image)

    def store(self, place: Path, png: bytes) -> None:
        """Stores an encoded image at one of this cache's paths."""
        write_whole(place, png)
        self._unchecked += len(png)
        if self._unchecked > self.limit / 16:
            self._unchecked = 0
            self._evict()

    def _evict(self) -> None:
        """Removes the least recently used images until the rest is within the limit."""
        files = []
        for file in self.folder.glob("*.png"):
            try:
                files.append((file.stat().st_mtime_ns, file.stat().st_size, file))
            except FileNotFoundError:
                continue
        total = sum(size for _, size, _ in files)
        for _, size, file in sorted(files)[:-1]:
            if total <= self.limit:
                break
            file.unlink(missing_ok=True)
            total -= size


def _of_files(hashes: Any, files: Mapping[str, str]) -> Any:
    """The hashes of what draws, by LoRA; whatever is no mapping stays."""
    if not isinstance(hashes, Mapping):
        return hashes
    last = {name: value for name, value in hashes.items() if lora_of_key(name) == name}
    return last | {name: hashes[key] for name, key in files.items()}


def as_png(image: Image | NotDrawn) -> bytes:
    """The PNG that a cache stores; an image that was not drawn becomes a card that shows and carries the reason."""
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


def load_png(place: Path) -> Image | NotDrawn | None:
    """An image as `as_png` encoded it, marked as used now; None if there is none, or another process has just removed it.

    Raises InputError for a damaged file.
    """
    from PIL import Image

    try:
        os.utime(place)
        with Image.open(place) as stored:
            reason = stored.info.get(REASON)
            return NotDrawn(str(reason)) if reason is not None else stored.convert("RGB")
    except FileNotFoundError:
        return None
    except DAMAGES as error:
        raise damaged_drawn(place) from error

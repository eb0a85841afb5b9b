"""Nothing is drawn twice: images on disk, named by a hash of everything that decides them."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.files import write_whole
from optimizer.point import Point
from optimizer.render import Renderer

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass
class CachedRenderer:
    """A renderer's images in a folder of PNG files."""

    renderer: Renderer
    folder: Path

    def __post_init__(self) -> None:
        self._identity = json.dumps(self.renderer.identity(), sort_keys=True)

    def path(self, seed: int, point: Point) -> Path:
        text = json.dumps([self._identity, seed, point.key()], sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.png"

    def holds(self, seed: int, point: Point) -> bool:
        return self.path(seed, point).exists()

    def render(self, seed: int, point: Point) -> Image:
        """The image of `point` at `seed`: from disk if it was drawn before, by any stage or run."""
        from PIL import Image

        path = self.path(seed, point)
        if path.exists():
            with Image.open(path) as stored:
                return stored.convert("RGB")
        image = self.renderer.render(seed, point)
        stream = io.BytesIO()
        image.save(stream, format="PNG")
        write_whole(path, stream.getvalue())
        return image

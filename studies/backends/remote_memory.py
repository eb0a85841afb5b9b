"""What a study's workspace remembers of the server that draws for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.io.files import write_whole
from models.io.images import DAMAGES
from optimizer.evaluate.image_cache import ImageCache, as_png, load_png
from optimizer.point import Job
from optimizer.render.decode import NotDrawn
from studies.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image

ACTING: Final = "acting"
"""The workspace's JSON file of the LoRAs that were proven to act."""


class WorkspaceMemory:
    """A `optimizer.render.remote.memory.DrawnMemory` of one identity, over the image cache that the study's evaluator uses."""

    def __init__(self, workspace: Workspace, identity: Mapping[str, Any], limit: int) -> None:
        """`limit` is the cache's, in bytes."""
        self._workspace = workspace
        self._images = ImageCache(workspace.images, identity, limit)
        self._key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:32]

    def find(self, job: Job) -> Image | NotDrawn | None:
        stored = self._images.load(job, alone=True)
        return None if stored is None else stored[1]

    def keep(self, job: Job, image: Image | NotDrawn) -> None:
        self._images.store(self._images.path(job), as_png(image))

    def forget(self, jobs: Sequence[Job]) -> Sequence[str]:
        places = [self._images.path(job) for job in jobs]
        for place in places:
            place.unlink(missing_ok=True)
        return [place.name for place in places]

    def canary(self) -> Image | NotDrawn | None:
        try:
            return load_png(self._place)
        except DAMAGES as error:
            mend = "move it away: the start image as it is drawn now takes its place"
            raise InputError("a damaged file of the workspace", self._place, mend) from error

    def keep_canary(self, image: Image | NotDrawn) -> None:
        if not self._place.exists():
            self._place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._place, as_png(image))

    def acting(self) -> Mapping[str, float]:
        stored = self._workspace.read(ACTING)
        if stored is None or stored["of"] != self._key:
            return {}
        found: Mapping[str, float] = stored["effects"]
        return found

    def keep_acting(self, found: Mapping[str, float]) -> None:
        self._workspace.write(ACTING, {"of": self._key, "effects": dict(found)})

    @property
    def _place(self) -> Path:
        return self._workspace.root / "canary" / f"{self._key}.png"

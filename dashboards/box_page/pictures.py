"""Photos as the page shows them: upright JPEGs of a screen's size."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from typing import Any, Final

from dashboards.box_page.album import Album, shares, state
from models.boxes import DrawnBoxes

LARGE: Final = 1800
"""Longest side in pixels of the photo that is drawn on."""
SMALL: Final = 200
"""The same of its thumbnail."""
KEPT: Final = 12
"""Large pictures that stay in memory: some on both sides of the one that is drawn on."""


class Pictures:
    """JPEGs and sizes of an album's photos; each photo is opened once as long as it is kept."""

    def __init__(self, album: Album) -> None:
        self._album = album
        self._lock = threading.Lock()
        self._sizes: dict[str, tuple[int, int]] = {}
        self._large: OrderedDict[str, bytes] = OrderedDict()
        self._small: dict[str, bytes] = {}

    def jpeg(self, name: str, *, small: bool) -> bytes:
        """Raises InputError for a photo that does not open."""
        with self._lock:
            stored = self._small if small else self._large
            if name not in stored:
                self._make(name)
            return stored[name]

    def size(self, name: str) -> tuple[int, int]:
        """Of the upright photo, in pixels. Raises InputError for one that does not open."""
        with self._lock:
            if name not in self._sizes:
                self._make(name)
            return self._sizes[name]

    def described(self, name: str, drawn: DrawnBoxes) -> dict[str, Any]:
        """What the page needs to know of one photo, boxes in shares of its sides."""
        size = self.size(name)
        marks = {"thing": shares(drawn.thing, size), "wearer": shares(drawn.wearer, size)}
        return {"size": size, **marks, "nobody": drawn.is_alone, "skip": drawn.skip, "state": state(drawn)}

    def _make(self, name: str) -> None:
        image = self._album.open(name)
        self._sizes[name] = image.size
        for side, stored in ((LARGE, self._large), (SMALL, self._small)):
            image.thumbnail((side, side))
            made = io.BytesIO()
            image.save(made, "JPEG", quality=88)
            stored[name] = made.getvalue()
        self._large.move_to_end(name)
        while len(self._large) > KEPT:
            self._large.popitem(last=False)

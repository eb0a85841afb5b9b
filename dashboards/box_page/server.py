"""Serves the page that draws boxes: on loopback, to who has its address, nothing but the album's photos."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from dashboards.box_page.album import Album, state, whole_pixels
from dashboards.box_page.pictures import Pictures
from dashboards.loopback import GuardedHandler, page_files, serving_page, until_stopped
from dashboards.processes import stopped_by_signals
from models.boxes import DrawnBoxes, PixelBox, ShareBox

FILES: Final = page_files(
    Path(__file__).parent / "page" / "boxes.html",
    *("stage.css", "boxes.css", "boxes.js", "edits.js", "geometry.js", "keys.js", "stage.js", "words.js"),
)


@contextmanager
def serving(album: Album, port: int = 0) -> Iterator[str]:
    """The page's address, for as long as the block lasts. Raises InputError for a port that is taken."""

    class Handler(_Handler):
        pass

    Handler.album, Handler.pictures, Handler.lock = album, Pictures(album), threading.Lock()
    with serving_page(Handler, port) as address:
        yield address


def serve(album: Album, on_start: Callable[[str], None], port: int = 0) -> None:
    """Serves the page until Ctrl-C, SIGTERM or a closed terminal; `on_start` is called with its address.

    Raises InputError for a port that is taken.
    """
    with stopped_by_signals(), serving(album, port) as address:
        on_start(address)
        until_stopped()


class _Handler(GuardedHandler):
    """Paths below the token besides the page's files: `photos`, `photo/N`, `thumb/N`, `boxes/N`."""

    files = FILES
    album: Album
    pictures: Pictures
    lock: threading.Lock

    def get(self, path: str) -> None:
        kind, _, number = path.partition("/")
        if path == "photos":
            self.answer_json(self._photos())
        elif kind in ("photo", "thumb", "boxes") and (name := self._name(number)) is not None:
            self._answer_photo(kind, name)
        else:
            self.refuse(HTTPStatus.NOT_FOUND, "nothing is here")

    def post(self, path: str, body: bytes) -> None:
        """Keeps the boxes of one photo."""
        name = self._name(path.removeprefix("boxes/")) if path.startswith("boxes/") else None
        if name is None:
            self.refuse(HTTPStatus.BAD_REQUEST, "not the boxes of a photo")
            return
        try:
            made = _posted(json.loads(body), self.pictures.size(name))
            with self.lock:
                self.album.keep(name, made)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.refuse(HTTPStatus.BAD_REQUEST, "not the boxes of a photo")
        else:
            self.answer_json({"state": state(made)})

    def _photos(self) -> dict[str, Any]:
        with self.lock:
            kept = self.album.boxes()
        photos = [{"name": name, "state": state(kept.get(name, DrawnBoxes()))} for name in self.album.names]
        return {"title": self.album.title, "file": self.album.file, "photos": photos}

    def _answer_photo(self, kind: str, name: str) -> None:
        if kind == "boxes":
            with self.lock:
                kept = self.album.boxes().get(name, DrawnBoxes())
            self.answer_json(self.pictures.described(name, kept))
        else:
            self.answer(self.pictures.jpeg(name, small=kind == "thumb"), "image/jpeg")

    def _name(self, number: str) -> str | None:
        names = self.album.names
        return names[int(number)] if number.isdecimal() and len(number) < 7 and int(number) < len(names) else None


def _posted(content: dict[str, Any], size: tuple[int, int]) -> DrawnBoxes:
    """What the page sent, in pixels. Raises one of several errors for another form.

    A thing alone is marked as a person's only if nobody wears it: else its wearer is still to be found.
    """
    boxes: dict[str, PixelBox | None] = {}
    for key in ("thing", "wearer"):
        sides = content[key]
        if sides is None:
            boxes[key] = None
            continue
        if len(sides) != 4 or not all(isinstance(side, (int, float)) and -9 < side < 9 for side in sides):
            raise ValueError("four shares are needed")
        boxes[key] = whole_pixels(ShareBox(*sides), size)
    thing, wearer = boxes["thing"], None if content["nobody"] is True else boxes["wearer"]
    by_hand = thing is not None and (wearer is not None or content["nobody"] is True)
    return DrawnBoxes(thing, wearer, by_hand, content["skip"] is True)

"""Serves the page on which a person says which pictures are still good enough."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dashboards.level_page.questions import PageQuestion, Questions
from dashboards.loopback import GuardedHandler, page_files, serving_page, until_stopped
from dashboards.processes import stopped_by_signals

if TYPE_CHECKING:
    from PIL.Image import Image

FILES: Final = page_files(Path(__file__).parent / "page" / "levels.html", "levels.css", "levels.js", "words.js")
LARGE: Final = 1400
"""Longest side in pixels of a picture."""


@contextmanager
def serving(questions: Questions, port: int = 0, on_end: Callable[[], None] = lambda: None) -> Iterator[str]:
    """The page's address, for as long as the block lasts; `on_end` is called when the page was told that nothing is left.

    Raises InputError for a port that is taken.
    """

    class Handler(_Handler):
        pass

    Handler.questions, Handler.lock, Handler.on_end = questions, threading.Lock(), staticmethod(on_end)
    with serving_page(Handler, port) as address:
        yield address


def serve(questions: Questions, on_start: Callable[[str], None], port: int = 0) -> None:
    """Serves the page until the last question is answered, Ctrl-C, SIGTERM or a closed terminal; `on_start` is called with its
    address. Raises InputError for a port that is taken."""
    ended = threading.Event()
    with stopped_by_signals(), serving(questions, port, ended.set) as address:
        on_start(address)
        until_stopped(ended.is_set)


class _Handler(GuardedHandler):
    """Paths below the token besides the page's files: `question`, `photo/N`, `picture/N/I`, `close/N/I`, and to post to
    `answer/N`."""

    files = FILES
    questions: Questions
    lock: threading.Lock
    on_end: Callable[[], None]

    def get(self, path: str) -> None:
        with self.lock:
            asked = self.questions.current()
        if path == "question":
            self.answer_json(_described(self.questions.title, asked))
            if asked is None:
                self.on_end()
        elif asked is not None and (image := _image(asked, path)) is not None:
            self.answer(_jpeg(image), "image/jpeg")
        else:
            self.refuse(HTTPStatus.NOT_FOUND, "nothing is here")

    def post(self, path: str, body: bytes) -> None:
        """Keeps the answer to the current question; one to an earlier question is refused."""
        try:
            enough = json.loads(body)["enough"]
        except (ValueError, TypeError, KeyError, RecursionError):
            enough = None
        with self.lock:
            asked = self.questions.current()
            if asked is None or path != f"answer/{asked.number}":
                self.refuse(HTTPStatus.CONFLICT, "another question waits for its answer")
                return
            given = isinstance(enough, list) and len(enough) == len(asked.pictures)
            if not given or not all(isinstance(one, bool) for one in enough):
                self.refuse(HTTPStatus.BAD_REQUEST, "not the answer to a question")
                return
            self.questions.answer(enough)
        self.answer_json({"kept": asked.number})


def _described(title: str, asked: PageQuestion | None) -> dict[str, Any]:
    if asked is None:
        return {"title": title, "number": None}
    return {
        "title": title,
        "number": asked.number,
        "most": asked.most,
        "about": asked.about,
        "photo": asked.photo is not None,
        "close": [image is not None for image in asked.close_ups],
    }


def _image(asked: PageQuestion, path: str) -> Image | None:
    """The picture of `photo/N`, `picture/N/I` or `close/N/I`, of the current question alone."""
    kind, _, rest = path.partition("/")
    number, _, index = rest.partition("/")
    if number != str(asked.number):
        return None
    if kind == "photo" and not index:
        return asked.photo
    found = {"picture": asked.pictures, "close": asked.close_ups}.get(kind, ())
    return found[int(index)] if index.isdecimal() and len(index) < 3 and int(index) < len(found) else None


def _jpeg(image: Image) -> bytes:
    shown, made = image.convert("RGB"), io.BytesIO()
    shown.thumbnail((LARGE, LARGE))
    shown.save(made, "JPEG", quality=90)
    return made.getvalue()

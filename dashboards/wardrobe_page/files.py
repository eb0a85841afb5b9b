"""The files of the wardrobe's page, by the names at which they are served: its own, and what it shares with others."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from dashboards.media_types import TYPES

LOOK_BOOK: Final = (
    *("colours.css", "page.css", "shots.css", "fitting.css", "trade.css"),
    *("nearest.js", "requirements.js", "scale.js", "words.js", "shot.js", "fitting.js", "plot.js"),
)
BOX_PAGE: Final = ("stage.css", "edits.js", "geometry.js", "keys.js", "stage.js")
SHARED: Final[Mapping[str, str]] = {
    **dict.fromkeys(LOOK_BOOK, "dashboards.lookbook"), **dict.fromkeys(BOX_PAGE, "dashboards.box_page"),
}  # fmt: skip
"""Files of other pages by name, served as they lie there."""


def page_file(name: str) -> tuple[bytes, str] | None:
    """A file's content and media type; None if the page has none of that name."""
    own = files("dashboards.wardrobe_page") / "page"
    kind = TYPES.get(name.rpartition(".")[2])
    if kind is None:
        return None
    if name in SHARED:
        return (files(SHARED[name]) / "page" / name).read_bytes(), kind
    # Compared with the names that are there: no text of a request is ever joined to a path.
    found = next((file for file in own.iterdir() if file.name == name and file.is_file()), None)
    return None if found is None else (found.read_bytes(), kind)

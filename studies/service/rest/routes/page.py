"""The page and its files: nothing of it holds anything of the served folder."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.lookbook.data import script_words
from dashboards.lookbook.marks import style_of
from dashboards.media_types import TYPES
from dashboards.wardrobe_page.files import page_file
from models.language.translate import speaking
from optimizer.search.verdict import Verdict
from studies.service.rooms import NotThereError

router = APIRouter(include_in_schema=False)


@router.get("/")
def index() -> Response:
    return shown("index.html")


@router.get("/photos")
def photos() -> Response:
    """LoRAs from photos."""
    return shown("photos.html")


@router.get("/docs")
def docs() -> Response:
    return shown("docs.html")


@router.get("/page/marks.css")
def marks() -> Response:
    """The colours of verdicts."""
    return Response(style_of(Verdict), media_type=TYPES["css"])


@router.get("/page/lookbook-words-{language}.json")
def words(language: Literal["en", "zh"]) -> dict[str, str]:
    """The sentences of the look-book's modules, by their English."""
    with speaking(language):
        return script_words()


@router.get("/page/{name}")
def shown(name: str) -> Response:
    found = page_file(name)
    if found is None:
        raise NotThereError("no such file of the page", name[:80], "load the page again")
    content, media_type = found
    return Response(content, media_type=media_type)

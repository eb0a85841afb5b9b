"""Writes a look-book into a folder: the page and its images, which need nothing outside it."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from dashboards.lookbook.book import Book, Dial, SeedStory
from dashboards.lookbook.data import as_script, story_data
from dashboards.lookbook.fitting import fitting_room, trade_offs
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.gallery import Gallery
from dashboards.lookbook.opening import opening
from dashboards.lookbook.page import MARK, page
from dashboards.lookbook.strips import ladder_strips, proof_strip, trial_name
from models.errors import InputError
from models.io.files import write_whole

INDEX: Final = "index.html"
MOST_POINTS: Final = 200
"""The plot as a picture writes a number at every point: of more none could be read."""


def write_book(book: Book, folder: Path) -> Path:
    """Writes `index.html` and its images into `folder`; an earlier look-book there is replaced. Returns the page.

    Raises InputError if no seed was run, if the folder holds anything else, or if an image does not open.
    """
    if not book.seeds:
        raise InputError("no seed was run yet", book.name, "run `huanhua run STUDY` first")
    check_folder(folder)
    index = folder / INDEX
    if not index.exists():
        write_whole(index, f"<!doctype html>{MARK}<title>not finished</title>".encode())  # so that a killed run can be run again
    gallery = Gallery(folder)
    framer = Framer(gallery, book.blurred)
    sections, data = [], []
    for place, story in enumerate(book.seeds):
        section, held = _seed(story, book.dials, framer, folder, first=place == 0)
        sections.append(section)
        data.append(held)
    write_whole(index, page(book, sections, as_script({"seeds": data})).encode())
    gallery.drop_others()
    return index


def check_folder(folder: Path) -> None:
    """Raises InputError unless `folder` is absent, empty, or an earlier look-book."""
    mend = "give --out an empty folder"
    if folder.exists() and not folder.is_dir():
        raise InputError("not a folder", folder, mend)
    if not folder.exists() or not any(folder.iterdir()):
        return
    index = folder / INDEX
    if not index.is_file() or MARK not in index.read_text(encoding="utf-8", errors="replace"):
        raise InputError("the folder holds something else than a look-book", folder, mend)


def _seed(story: SeedStory, dials: Sequence[Dial], framer: Framer, folder: Path, *, first: bool) -> tuple[str, dict[str, Any]]:
    """The HTML of one seed and the data of its script."""
    head = opening(story, dials, framer, first=first)
    proof = proof_strip(story, dials, framer)
    ladders = ladder_strips(story, framer)
    shown = [framer.place(trial, trial_name(story.seed, trial.number)) for trial in story.trials]
    chosen = story.nearest if story.pick is None else story.pick
    trial = story.trials[chosen]
    room = fitting_room(story, dials, trial, shown[chosen], framer)
    trade = trade_offs(story, trial, shown[chosen], framer, _plot(story, folder))
    parts = "".join((head, proof, room, trade, ladders))
    section = f'<article class="seed" id="seed-{story.seed}" data-seed="{story.seed}">{parts}</article>'
    return section, story_data(story, dials, shown, framer)


def _plot(story: SeedStory, folder: Path) -> str | None:
    """The trade-off as a PNG beside the page; None where there is no garment or there are too many trials."""
    from dashboards.plots import Point, trade_off

    garments = [need for need in story.needs if need.measure == "garment"]
    name = f"trade-off-{story.seed}.png"
    if not garments or len(story.trials) > MOST_POINTS:
        (folder / name).unlink(missing_ok=True)
        return None
    limits = {need.limit for need in garments}
    points = [
        Point(trial.number, trial.cost, min(trial.scores.get(need.name) or 0.0 for need in garments), not trial.breaks)
        for trial in story.trials
    ]
    pick = None if story.pick is None else points[story.pick].number
    required = limits.pop() if len(limits) == 1 else None
    stream = BytesIO()
    trade_off(points, title=f"seed {story.seed}", required=required, pick=pick).save(stream, format="PNG")
    write_whole(folder / name, stream.getvalue())
    return name

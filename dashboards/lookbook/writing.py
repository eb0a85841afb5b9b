"""Writes a look-book into a folder: the page and its images, which need nothing outside it."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from dashboards.lookbook.book import LookBook, SeedPage, Slider
from dashboards.lookbook.data import as_script, script_words, seed_data
from dashboards.lookbook.document import INDEX
from dashboards.lookbook.fitting import fitting_room, trade_offs
from dashboards.lookbook.frame import Framer
from dashboards.lookbook.gallery import Gallery
from dashboards.lookbook.page import LOOK_BOOK, page
from dashboards.lookbook.seed_head import opening
from dashboards.lookbook.strips import ladder_strips, large_strip, mended_strip, proof_strip, region_strip, trial_name
from models.errors import InputError
from models.io.files import write_whole

MOST_POINTS: Final = 200
"""The plot as a picture writes a number at every point: of more none could be read."""


def write_book(book: LookBook, folder: Path) -> Path:
    """Writes `index.html` and its images into `folder`; an earlier look-book there is replaced. Returns the page.

    Raises InputError if no seed was run, if the folder holds anything else, or if an image does not open.
    """
    if not book.seeds:
        raise InputError("no seed was run yet", book.name, "run `huanhua run STUDY` first")
    LOOK_BOOK.check_folder(folder)
    index = folder / INDEX
    if not index.exists():
        write_whole(
            index, f"<!doctype html>{LOOK_BOOK.mark}<title>not finished</title>".encode()
        )  # so that a killed run can be run again
    gallery = Gallery(folder)
    framer = Framer(gallery, book.blurred)
    sections, data = [], []
    for place, seed in enumerate(book.seeds):
        section, values = _seed(seed, book.sliders, framer, folder, first=place == 0)
        sections.append(section)
        data.append(values)
    write_whole(index, page(book, sections, as_script({"words": script_words(), "seeds": data})).encode())
    gallery.drop_others()
    return index


def _seed(seed: SeedPage, sliders: Sequence[Slider], framer: Framer, folder: Path, *, first: bool) -> tuple[str, dict[str, Any]]:
    """The HTML of one seed and the data of its script."""
    head = opening(seed, sliders, framer, first=first)
    proof = proof_strip(seed, sliders, framer)
    ladders = ladder_strips(seed, framer)
    shown = [framer.place(trial, trial_name(seed.seed, trial.number)) for trial in seed.trials]
    chosen = seed.nearest if seed.pick is None else seed.pick
    trial = seed.trials[chosen]
    room = fitting_room(seed, sliders, trial, shown[chosen], framer)
    trade = trade_offs(seed, trial, shown[chosen], framer, _plot(seed, folder))
    made = mended_strip(seed, framer) + large_strip(seed, framer)
    parts = "".join((head, made, proof, room, trade, region_strip(seed, framer), ladders))
    section = f'<article class="seed" id="seed-{seed.seed}" data-seed="{seed.seed}">{parts}</article>'
    return section, seed_data(seed, sliders, shown, framer)


def _plot(seed: SeedPage, folder: Path) -> str | None:
    """The trade-off as a PNG beside the page; None where there is no garment or there are too many trials."""
    from dashboards.plots import Point, trade_off

    garments = [requirement for requirement in seed.requirements if requirement.measure == "garment"]
    name = f"trade-off-{seed.seed}.png"
    if not garments or len(seed.trials) > MOST_POINTS:
        (folder / name).unlink(missing_ok=True)
        return None
    limits = {requirement.limit for requirement in garments}
    points = [
        Point(trial.number, trial.cost, min(trial.scores.get(requirement.name) or 0.0 for requirement in garments), trial.mark)
        for trial in seed.trials
        if trial.mark is not None
    ]
    pick = None if seed.pick is None else seed.trials[seed.pick].number
    required = limits.pop() if len(limits) == 1 else None
    stream = BytesIO()
    trade_off(points, title=f"seed {seed.seed}: {seed.claim}", required=required, pick=pick).save(stream, format="PNG")
    write_whole(folder / name, stream.getvalue())
    return name

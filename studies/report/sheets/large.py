"""A large picture beside the one that it was made of: whole, and parts of both at the size of the large one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboards.sheet import Cell, sheet
from models.language.translate import phrase
from studies.report.sheets.style import Sheet, open_image, save_sheet, score_line
from studies.run.verdicts.enlarging import large_words

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from models.boxes import ShareBox
    from scorers.observe.observation import Observation
    from studies.run.outcome import Outcome
    from studies.workspace import Workspace

SIDE: Final = 320
"""Pixels that a part is wide and high: of the large picture's own, so that what was drawn anew is seen; of a small one fewer."""
SHARE: Final = 0.5
"""Of the large picture's width that a part shows at most."""


def large_sheet(workspace: Workspace, outcome: Outcome, *, blurred: bool = True) -> Sheet | None:
    """Above what was enlarged, as a plain resize shows it, below the large picture; None where nothing is enlarged."""
    large, record = outcome.large, outcome.shown
    if large is None or record is None:
        return None

    def drawn(hidden: bool) -> Image:
        before, after = open_image(large.source, hidden), open_image(large.image, hidden)
        boxes = parts_of(large.observation, after.size).values()
        rows = [
            [Cell(before, (phrase("trial {number}", number=record.number), score_line(record.scores)))],
            [Cell(_resized(after, before.size), (phrase("shrunk to that size"), score_line(large.scores)))],
        ]
        for row, picture in zip(rows, (_resized(before, after.size), after), strict=True):
            row += [Cell(picture.crop(box)) for box in boxes]
        labels = [phrase("before"), phrase("large")]
        title = phrase("seed {seed}: {what}", seed=outcome.seed, what=large_words(large))
        return sheet(rows, title=title, row_labels=labels)

    return save_sheet(workspace, picture_name(outcome.seed), drawn, (large.bare or record.bare) and blurred)


def large_picture(workspace: Workspace, outcome: Outcome) -> Path | None:
    """The sheet as it was saved; None where nothing is enlarged."""
    place = workspace.pictures / picture_name(outcome.seed)
    return place if outcome.large is not None and place.is_file() else None


def picture_name(seed: int) -> str:
    """Of the sheet, in the workspace's pictures."""
    return f"large-{seed}.png"


def _resized(picture: Image, size: tuple[int, int]) -> Image:
    from PIL import Image

    return picture.resize(size, Image.Resampling.LANCZOS)


def parts_of(seen: Observation, size: tuple[int, int]) -> dict[str, tuple[int, int, int, int]]:
    """Squares around the face, a hand and the shoes, as far as they are seen, in pixels of the large picture: left, top, right,
    bottom. By the names that `huanhua mend` has for them."""
    shoes = seen.regions.get("shoes")
    places = {"face": seen.face.box} if seen.face is not None else {}
    places |= {"hands": seen.hands[0].box} if seen.hands else {}
    places |= {"feet": shoes.box} if shoes is not None else {}
    return {name: _square(box, size) for name, box in places.items()}


def _square(box: ShareBox, size: tuple[int, int]) -> tuple[int, int, int, int]:
    width, height = size
    side = min(SIDE, round(width * SHARE), height)
    x, y = (box.left + box.right) / 2 * width, (box.top + box.bottom) / 2 * height
    left, top = (min(max(0, round(at - side / 2)), whole - side) for at, whole in ((x, width), (y, height)))
    return left, top, left + side, top + side

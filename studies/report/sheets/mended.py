"""A picture before and after it was mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.sheet import Cell, LabelledBox, sheet
from models.boxes import PixelBox
from models.language.translate import phrase
from studies.report.sheets.style import Sheet, open_image, save_sheet, score_line
from studies.run.mended.mended import PART_WORDS
from studies.run.verdicts.mending import mended_words

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from studies.run.outcome import Outcome
    from studies.workspace import Workspace


def mended_sheet(workspace: Workspace, outcome: Outcome, *, blurred: bool = True) -> Sheet | None:
    """The trial's picture and the mended one, where the masks were framed; None where nothing is mended."""
    mended, record = outcome.mended, outcome.shown
    if mended is None or record is None:
        return None

    def drawn(hidden: bool) -> Image:
        before, after = (open_image(path, hidden) for path in (record.image, mended.image))
        boxes = tuple(LabelledBox(PixelBox(*one.mask), phrase(PART_WORDS[one.part])) for one in mended.redrawn)
        cells = [
            Cell(before, (phrase("trial {number}", number=record.number), score_line(record.scores)), boxes=boxes),
            Cell(after, (phrase("mended"), score_line(mended.scores))),
        ]
        return sheet([cells], title=phrase("seed {seed}: {what}", seed=outcome.seed, what=mended_words(mended)))

    return save_sheet(workspace, picture_name(outcome.seed), drawn, (mended.bare or record.bare) and blurred)


def mended_picture(workspace: Workspace, outcome: Outcome) -> Path | None:
    """The sheet as the mend saved it; None where nothing is mended."""
    place = workspace.pictures / picture_name(outcome.seed)
    return place if outcome.mended is not None and place.is_file() else None


def picture_name(seed: int) -> str:
    """Of the sheet, in the workspace's pictures."""
    return f"mended-{seed}.png"

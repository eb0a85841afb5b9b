"""The ladder sheet: each LoRA alone at rising weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dashboards.sheet import Cell, sheet
from models.language.translate import joined, phrase
from studies.report.sheets.style import Sheet, open_image, save_sheet
from studies.run.blur_policy import little_clothing
from studies.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image

    from studies.run.ladders import Ladder


def ladder_sheet(workspace: Workspace, ladders: Sequence[Ladder], *, blurred: bool = True) -> Sheet:
    """Each LoRA alone at rising weights, with its raw similarity."""
    bare = {step.image for ladder in ladders for step in ladder.steps if little_clothing(step.observation)}

    def drawn(hidden: bool) -> Image:
        cells = [
            [Cell(open_image(step.image, hidden and step.image in bare),
                  (*_numbers(ladder, i, raw), *_not_sound(ladder, i)))
             for i, (step, raw) in enumerate(zip(ladder.steps, ladder.raw, strict=True))]
            for ladder in ladders
        ]  # fmt: skip
        title = phrase("Each LoRA alone: the best sound one of a row is its 1")
        return sheet(cells, title=title, row_labels=[ladder.lora for ladder in ladders])

    return save_sheet(workspace, "ladders.png", drawn, bool(bare) and blurred)


def _numbers(ladder: Ladder, index: int, raw: float) -> tuple[str, str]:
    return phrase("weight {weight:g}", weight=ladder.weight(index)), phrase("raw {raw:.3f}", raw=raw)


def _not_sound(ladder: Ladder, index: int) -> list[str]:
    return [] if index in ladder.sound() else [phrase("not sound: {faults}", faults=joined(", ", ladder.faults[index]))]

"""The ladder sheet: each LoRA alone at rising weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dashboards.sheet import Cell, sheet
from models.language.translate import joined, phrase
from studies.report.sheets.style import Sheet, open_image, save_sheet
from studies.run.blur_policy import little_clothing
from studies.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image

    from optimizer.evaluate.base import Evaluation
    from studies.lora_files.other_files import FileStep
    from studies.run.ladders import Ladder


def ladder_sheet(workspace: Workspace, ladders: Sequence[Ladder], *, blurred: bool = True) -> Sheet:
    """Each LoRA alone at rising weights, with its raw similarity."""
    bare = {step.image for ladder in ladders for step in ladder.images() if little_clothing(step.observation)}

    def drawn(hidden: bool) -> Image:
        cells = [_row(ladder, lambda step: open_image(step.image, hidden and step.image in bare)) for ladder in ladders]
        title = phrase("Each LoRA alone: the best sound one of a row is its 1")
        return sheet(cells, title=title, row_labels=[ladder.lora for ladder in ladders])

    return save_sheet(workspace, "ladders.png", drawn, bool(bare) and blurred)


def _row(ladder: Ladder, opened: Callable[[Evaluation], Image]) -> list[Cell]:
    steps = enumerate(zip(ladder.steps, ladder.raw, strict=True))
    found = [Cell(opened(step), (*_numbers(ladder, i, raw), *_not_sound(ladder, i))) for i, (step, raw) in steps]
    return found + [Cell(opened(step.seen), _of_file(ladder, step)) for step in ladder.files]


def _numbers(ladder: Ladder, index: int, raw: float) -> tuple[str, str]:
    return phrase("weight {weight:g}", weight=ladder.weight(index)), phrase("raw {raw:.3f}", raw=raw)


def _of_file(ladder: Ladder, step: FileStep) -> tuple[str, ...]:
    """Of another file than the LoRA's last one."""
    weight = phrase("weight {weight:g}", weight=step.seen.point.weights[ladder.lora])
    unsound = [phrase("not sound: {faults}", faults=joined(", ", step.faults))] if step.faults else []
    return (step.label, weight, phrase("raw {raw:.3f}", raw=step.raw), *unsound)


def _not_sound(ladder: Ladder, index: int) -> list[str]:
    return [] if index in ladder.sound() else [phrase("not sound: {faults}", faults=joined(", ", ladder.faults[index]))]

"""The score sheet: an image with the places its scores are based on, and the reference photo behind each similarity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.sheet import Cell, LabelledBox, sheet
from models.boxes import PixelBox, ShareBox
from models.language.translate import joined, phrase
from studies.report.sheets.style import save

if TYPE_CHECKING:
    from PIL.Image import Image

    from studies.report.explain import ScoredImage
    from studies.study import Study


def write_pictures(study: Study, scored: Sequence[ScoredImage]) -> list[Path]:
    """Writes one sheet an image into the workspace's pictures, named after the image."""
    found: list[Path] = []
    names: list[str] = []
    for one in scored:
        same = names.count(one.file.stem.casefold())
        names.append(one.file.stem.casefold())
        name = f"score-{one.file.stem}{f'-{same + 1}' if same else ''}.png"
        found.append(save(study.workspace.make(), name, score_sheet(study, one)))
    return found


def score_sheet(study: Study, scored: ScoredImage) -> Image:
    """The image with a box around each thing, then for each LoRA the photo that it resembles most."""
    boxes = tuple(LabelledBox(_in_pixels(mark.box, scored.image.size), mark.label) for mark in scored.marks())
    cells = [
        Cell(
            scored.image,
            (scored.file.name, *(f"{name} {value:.2f}" for name, value in scored.standalone.items())),
            "bad" if scored.breaks else "plain",
            boxes,
        )
    ]
    for name, raw in scored.raw.items():
        match = scored.matches.get(name)
        parts = [phrase("{name} raw {raw:.3f}", name=name, raw=raw)]
        if scored.scores is not None:
            value = scored.scores.expression[name]
            parts.append(phrase("not measurable here") if value is None else phrase("calibrated {value:.2f}", value=value))
        line = joined(", ", parts)
        cells.append(Cell(match.photo if match else None, (line, match.file.name if match else phrase("not found in the image"))))
    footer = phrase("breaks {what}", what=joined(", ", scored.breaks)) if scored.breaks else ""
    return sheet(
        [cells], title=phrase("what {name} scores, and the nearest reference photos", name=study.spec.name), footer=footer
    )


def _in_pixels(box: ShareBox, size: tuple[int, int]) -> PixelBox:
    width, height = size
    return PixelBox(box.left * width, box.top * height, box.right * width, box.bottom * height)

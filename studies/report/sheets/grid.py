"""The labelled picture of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dashboards.sheet import Cell, sheet
from models.language.translate import joined, phrase
from optimizer.search.searched_schedules import IDLE
from optimizer.search.space import FILE
from studies.report.sheets.style import open_image
from studies.schedules.words import schedules_at

if TYPE_CHECKING:
    from PIL.Image import Image

    from studies.grid.grid import Grid, GridCell
    from studies.study import Study


def grid_sheet(study: Study, grid: Grid, cells: Sequence[Sequence[GridCell]], *, blurred: bool = False) -> Image:
    """A grid of two axes with the scores and the verdict under each image; those with little clothing `blurred` if asked for."""
    judged = [cell.breaks is not None for row in cells for cell in row]
    legend = [] if all(judged) else [phrase("raw: similarity to the photos, where the seed was not calibrated")]
    return sheet(
        [[_grid_cell(cell, hidden=blurred and cell.bare) for cell in row] for row in cells],
        title=_staying(study, grid),
        column_labels=grid.x.labels,
        row_labels=grid.y.labels,
        footer=joined("; ", legend),
    )


def _grid_cell(cell: GridCell, *, hidden: bool) -> Cell:
    scores = {**(cell.raw if cell.calibrated is None else cell.calibrated), **cell.standalone}
    # A name and its number stay on one line.
    shown = "  ".join(
        f"{name}\N{NO-BREAK SPACE}{'-' if value is None else format(value, '.2f')}" for name, value in scores.items()
    )
    image = open_image(cell.image, hidden)
    if cell.verdict is None:
        return Cell(image, (shown, phrase("raw, no verdict")))
    return Cell(image, (shown, cell.words), mark=cell.verdict)


def _staying(study: Study, grid: Grid) -> str:
    """What stays the same all over the grid."""
    render, point = study.spec.render, grid.centre
    found = {
        "seed": phrase("seed {seed}", seed=grid.seed),
        **{name: f"{name} {weight:.2f}" for name, weight in point.weights.items()},
    }
    found |= {f"{name}{FILE}": f"{name}: {label}" for name, label in study.space.files_of(point).items()}
    ends = [(name, end, getattr(schedule, end)) for name, schedule in schedules_at(study.spec, point).items() for end in IDLE]
    found |= {f"{name}.{end}": f"{name} {end} {share:g}" for name, end, share in ends if share != IDLE[end]}
    found |= {"cfg": f"CFG {point.cfg:g}", "steps": phrase("{steps} steps", steps=point.steps or render.steps)}
    found |= {"sampler": point.sampler or render.sampler}
    if grid.z is not None and grid.z[0].touches == {"prompt"}:
        found["z"] = phrase("prompt: {label}", label=grid.z[0].labels[grid.z[1]])
    return joined("  ", (text for name, text in found.items() if name not in grid.x.touches | grid.y.touches))

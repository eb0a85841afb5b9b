"""Draws, scores and logs a grid around a seed's pick."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from studies.announce import announce
from studies.callback import image_counter

if TYPE_CHECKING:
    from studies.callback import Callback
    from studies.grid.axes import GridAxis
    from studies.grid.grid import Grid, GridCell
    from studies.run.judge import Judge
    from studies.study import Study
    from studies.tracking.base import Tracker


@dataclass(frozen=True)
class DrawnGrid:
    grid: Grid
    cells: list[list[GridCell]]
    path: Path


def draw_around(
    study: Study, seed: int | None, axes: Sequence[GridAxis], tracker: Tracker, callback: Callback, *, blurred: bool = True
) -> list[DrawnGrid]:
    """Around the pick of `seed`, or the start weights. `seed` is calibrated first if it was not.

    Seeds of an axis are judged only where they were calibrated, since each would cost as many images as a small search.
    """
    from optimizer.evaluate.stored_images import missing_images
    from studies.grid.axes import axis_seeds
    from studies.grid.grid import centre_of, check_cells, grids_of, stored_judges
    from studies.run.calibration import missing_calibration
    from studies.run.scouting import locked_seeds
    from studies.run.stored_results import was_run

    largest = study.spec.draw.largest_seed
    if seed is not None and not 0 <= seed <= largest:
        raise InputError(
            phrase("no seed: {seed}", seed=seed), "--seed", phrase("seeds are whole numbers from 0 to {largest}", largest=largest)
        )
    study.workspace.make()
    along = axis_seeds(axes)
    judges = stored_judges(study, along if seed is None else (*along, seed))
    grids = grids_of(along[0] if seed is None else seed, centre_of(study, seed, judges), axes)
    check_cells(study, grids)
    lacking = missing_calibration(study, seed) if seed is not None and not along else set()
    title = phrase("grid {axes}", axes=" x ".join(axis.name for axis in axes))
    if lacking:
        title = phrase("{grid}, after {count} images to calibrate seed {seed}", grid=title, count=len(lacking), seed=seed)
    if seed is not None and not along and seed not in locked_seeds(study):
        around = phrase("around its pick") if was_run(study, seed) else phrase("around the start weights")
        text = "seed {seed} is not locked: the grid is drawn {around}; `huanhua lock STUDY {seed}` locks it"
        callback.message(phrase(text, seed=seed, around=around))
    announce(
        study, callback, title, len(lacking | missing_images(study.evaluator, [job for grid in grids for job in grid.jobs()]))
    )
    if seed is not None and lacking:
        judges = {seed: _calibrated(study, seed, callback)}
    if not set(along) <= set(judges):
        callback.message(
            "seeds that were not calibrated get raw scores and no verdict: `huanhua run STUDY --seed N` calibrates one"
        )
    return [draw_grid(study, judges, grid, tracker, callback, blurred=blurred) for grid in grids]


def draw_grid(
    study: Study, judges: Mapping[int, Judge], grid: Grid, tracker: Tracker, callback: Callback, *, blurred: bool = True
) -> DrawnGrid:
    """Draws and logs one grid picture; what is not on its axes stays as in its centre."""
    from studies.grid.grid import draw_cells
    from studies.grid.infotext import save_grid
    from studies.report.sheets.grid import grid_sheet

    with callback.progress("grid") as advance:
        cells = draw_cells(study, judges, grid, image_counter(advance, len(grid.jobs())))
    name = _file_name(grid)
    path = study.workspace.pictures / name
    save_grid(study, grid, grid_sheet(study, grid, cells), path)
    hiding = blurred and any(cell.bare for row in cells for cell in row)
    copy = grid_sheet(study, grid, cells, blurred=True) if hiding else path
    tracker.log_picture(None if grid.over_seeds or grid.seed not in judges else grid.seed, name, copy)
    return DrawnGrid(grid, cells, path)


def _calibrated(study: Study, seed: int, callback: Callback) -> Judge:
    from studies.run.calibration import calibrate, calibration_images

    with callback.progress("calibrate") as advance:
        return calibrate(study, seed, image_counter(advance, calibration_images(study))).judge


def _file_name(grid: Grid) -> str:
    names = [axis.name.replace("+", "-") for axis in (grid.x, grid.y)]
    if grid.z is not None:
        names.append(f"{grid.z[0].name.replace('+', '-')}-{grid.z[1] + 1}")
    labels = [*grid.x.labels, *grid.y.labels, *(grid.z[0].labels if grid.z is not None else ())]
    values = f"{zlib.crc32(chr(10).join(labels).encode()):08x}"  # other values of the same axes are another picture
    return "-".join(["grid", *([] if grid.over_seeds else [str(grid.seed)]), *names, values]) + ".png"

"""grid: two axes of whatever decides an image, as one labelled picture with scores; a third axis gives more pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import InputError
from studies.cli.console import bar, say
from studies.cli.options import BlurOption, JsonOption, StudyArgument, WorkspaceOption, open_study, open_tracker

if TYPE_CHECKING:
    from studies.axes import GridAxis
    from studies.building import Study
    from studies.gridding import Grid, GridCell
    from studies.judging import Judge
    from studies.tracking import Tracker

AXIS = (
    "dress=0.3:0.6:0.1, dress+shoes=0.4,0.5, cfg=5,6, steps=20,30, sampler=Euler a,DDIM, seed=1,2, prompt=pink dress|white dress"
)


@dataclass(frozen=True)
class DrawnGrid:
    grid: Grid
    cells: list[list[GridCell]]
    path: Path


def register(app: typer.Typer) -> None:
    app.command()(grid)


def grid(
    study: StudyArgument,
    x: Annotated[str, typer.Option("--x", help=f"columns, one of: {AXIS}")],
    y: Annotated[str, typer.Option("--y", help="rows, as --x")],
    z: Annotated[str | None, typer.Option("--z", help="one picture for each of these values, as --x")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="a locked seed, unless an axis is seed")
    ] = None,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a grid around the seed's pick; nothing that was drawn before is drawn again."""
    from studies.axes import check_axes
    from studies.axis_text import parse_axis
    from studies.cli.search import AGAIN, close

    opened = open_study(study, workspace)
    given = [text for text in (x, y, z) if text is not None]
    axes = [parse_axis(text, opened.spec) for text in given]
    check_axes(axes, "; ".join(given))
    if seed is None and not _seeds(axes):
        raise InputError("no seed is given", "grid", "add --seed N, or an axis such as --y seed=1,2,3")
    tracker = open_tracker(opened)
    try:
        found = draw_around(opened, seed, axes, tracker, blurred=blur)
    finally:
        close(tracker, later=AGAIN)
    if as_json:
        typer.echo(json.dumps({"pictures": [_as_json(opened, drawn) for drawn in found]}, indent=1))
        return
    for drawn in found:
        typer.echo(drawn.path)


def draw_around(
    study: Study, seed: int | None, axes: Sequence[GridAxis], tracker: Tracker, *, blurred: bool = True
) -> list[DrawnGrid]:
    """Around the pick of `seed`, or the start weights. `seed` is calibrated first if it was not; seeds of an axis are judged only
    where they were, since each would cost as many images as a small search."""
    from studies.cli.search import announce
    from studies.gridding import centre_of, check_steps, grids_of, missing, stored_judges, uncalibrated

    study.workspace.make()
    along = _seeds(axes)
    judges = stored_judges(study, along if seed is None else (*along, seed))
    grids = grids_of(along[0] if seed is None else seed, centre_of(study, seed, judges), axes)
    check_steps(study, grids)
    lacking = uncalibrated(study, seed) if seed is not None and not along else set()
    title = f"grid {' x '.join(axis.name for axis in axes)}"
    if lacking:
        title = f"{title}, after {len(lacking)} images to calibrate seed {seed}"
    announce(study, title, len(lacking | missing(study, [job for grid in grids for job in grid.jobs()])))
    if seed is not None and lacking:
        judges = {seed: _calibrated(study, seed)}
    if not set(along) <= set(judges):
        say("seeds that were not calibrated get raw scores and no verdict: `huanhua run STUDY --seed N` calibrates one")
    return [draw_grid(study, judges, grid, tracker, blurred=blurred) for grid in grids]


def draw_grid(study: Study, judges: Mapping[int, Judge], grid: Grid, tracker: Tracker, *, blurred: bool = True) -> DrawnGrid:
    """Draws and logs one grid picture; what is not on its axes stays as in its centre."""
    from studies.cli.pictures import grid_sheet
    from studies.cli.search import counter
    from studies.grid_infotext import grid_infotext
    from studies.gridding import draw_cells
    from studies.infotext import save_png

    with bar("grid", len(grid.x.labels) * len(grid.y.labels)) as advance:
        cells = draw_cells(study, judges, grid, counter(advance))
    name = _file_name(grid)
    path = study.workspace.pictures / name
    save_png(grid_sheet(study, grid, cells), path, grid_infotext(study, grid))
    hiding = blurred and any(cell.bare for row in cells for cell in row)
    copy = grid_sheet(study, grid, cells, blurred=True) if hiding else path
    tracker.log_picture(None if grid.over_seeds or grid.seed not in judges else grid.seed, name, copy)
    return DrawnGrid(grid, cells, path)


def _calibrated(study: Study, seed: int) -> Judge:
    from studies.before_trials import images_before_trials, judge_for
    from studies.cli.search import counter

    with bar("calibrate", images_before_trials(study)) as advance:
        return judge_for(study, seed, counter(advance))[0]


def _seeds(axes: Sequence[GridAxis]) -> tuple[int, ...]:
    from studies.axes import SeedAxis

    return next((axis.values for axis in axes if isinstance(axis, SeedAxis)), ())


def _file_name(grid: Grid) -> str:
    names = [axis.name.replace("+", "-") for axis in (grid.x, grid.y)]
    if grid.z is not None:
        names.append(f"{grid.z[0].name.replace('+', '-')}-{grid.z[1] + 1}")
    return "-".join(["grid", *([] if grid.over_seeds else [str(grid.seed)]), *names]) + ".png"


def _as_json(study: Study, drawn: DrawnGrid) -> dict[str, Any]:
    grid, z = drawn.grid, drawn.grid.z
    axes = {letter: {"name": axis.name, "labels": list(axis.labels)} for letter, axis in (("x", grid.x), ("y", grid.y))}
    if z is not None:
        axes["z"] = {"name": z[0].name, "labels": [z[0].labels[z[1]]]}
    cells = [[cell.as_json(study) for cell in row] for row in drawn.cells]
    return {"path": str(drawn.path), "axes": axes, "cells": cells}

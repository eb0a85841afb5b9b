"""grid: two axes of whatever decides an image, as one labelled picture with scores; a third axis gives more pictures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import InputError
from studies.cli.options import BlurOption, JsonOption, StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.console import ConsoleCallback
from studies.cli.progress.next_command import print_next
from studies.cli.progress.next_step import print_study_next

if TYPE_CHECKING:
    from studies.grid.draw import DrawnGrid
    from studies.study import Study

AXIS = (
    "dress=0.3:0.6:0.1, dress+shoes=0.4,0.5, dress.file=dress-000004,dress, dress.start=0,0.25,0.5, dress.end=0.75,1, cfg=5,6, "
    "steps=20,30, sampler=Euler a,DDIM, seed=1,2, prompt=pink dress|white dress"
)


def grid(
    study: StudyArgument,
    x: Annotated[str, typer.Option("--x", help=f"columns, one of: {AXIS}")],
    y: Annotated[str, typer.Option("--y", help="rows, as --x")],
    z: Annotated[str | None, typer.Option("--z", help="one picture for each of these values, as --x")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="a locked seed, unless an axis is seed")] = None,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw a grid around the seed's pick; nothing that was drawn before is drawn again."""
    from studies.grid.axes import axis_seeds, check_axes
    from studies.grid.draw import draw_around
    from studies.grid.parse import parse_axis
    from studies.tracking.study_tracker import LATER_BY_REPEATING, study_tracker

    opened, callback = open_study(study, workspace, seed), ConsoleCallback()
    given = [text for text in (x, y, z) if text is not None]
    axes = [parse_axis(text, opened.spec) for text in given]
    check_axes(axes, "; ".join(given))
    if seed is None and not axis_seeds(axes):
        raise InputError("no seed is given", "grid", "add --seed N, or an axis such as --y seed=1,2,3")
    with study_tracker(opened, callback, LATER_BY_REPEATING) as tracker:
        grids = draw_around(opened, seed, axes, tracker, callback, blurred=blur)
    if as_json:
        typer.echo(json.dumps({"pictures": [_as_json(opened, drawn) for drawn in grids]}, indent=1))
        return
    for drawn in grids:
        typer.echo(drawn.path)
    if seed is None:
        print_next("scout", study, workspace=workspace)
    else:
        print_study_next(opened, study, seed, workspace)


def _as_json(study: Study, drawn: DrawnGrid) -> dict[str, Any]:
    grid, z = drawn.grid, drawn.grid.z
    axes = {letter: {"name": axis.name, "labels": list(axis.labels)} for letter, axis in (("x", grid.x), ("y", grid.y))}
    if z is not None:
        axes["z"] = {"name": z[0].name, "labels": [z[0].labels[z[1]]]}
    cells = [[cell.as_json(study) for cell in row] for row in drawn.cells]
    return {"path": str(drawn.path), "axes": axes, "cells": cells}

"""grid: two axes of weights (or CFG) as one labelled picture with scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import InputError
from optimizer.point import Point
from studies.axes import GridAxis, parse_axis
from studies.cli.console import bar
from studies.cli.options import StudyArgument, WorkspaceOption, open_study, open_tracker

if TYPE_CHECKING:
    from studies.building import Study
    from studies.judging import Judge
    from studies.tracking import Tracker


def register(app: typer.Typer) -> None:
    app.command()(grid)


def grid(
    study: StudyArgument,
    seed: Annotated[int, typer.Option("--seed", help="a locked seed")],
    x: Annotated[str, typer.Option("--x", help="columns: dress=0.3:0.6:0.1, or cfg=5,6,7")],
    y: Annotated[str, typer.Option("--y", help="rows, as --x")],
    z: Annotated[str | None, typer.Option("--z", help="one picture for each of these values")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Draw a grid around the seed's pick; nothing that was drawn before is drawn again."""
    from studies.cli.search import close
    from studies.running import judge_for, stored_outcome

    opened = open_study(study, workspace)
    axes = [parse_axis(text, list(opened.spec.searched())) for text in (x, y, z) if text]
    if len({a.name for a in axes}) != len(axes):
        raise InputError("two axes of one name", f"--x {x} --y {y}", "give each axis another LoRA, or cfg")
    opened.workspace.make()
    judge, _ = judge_for(opened, seed, lambda: None)
    outcome = stored_outcome(opened, seed, judge)
    centre = outcome.pick.point if outcome.pick else opened.start
    tracker = open_tracker(opened)
    try:
        tracker.start_seed(seed, {}, {})
        for value in axes[2].values if len(axes) > 2 else (None,):
            at = axes[2].place(centre, value) if value is not None else centre
            typer.echo(draw_grid(opened, judge, seed, at, axes[0], axes[1], tracker))
    finally:
        close(tracker)


def draw_grid(study: Study, judge: Judge, seed: int, centre: Point, x: GridAxis, y: GridAxis, tracker: Tracker) -> Path:
    """Draws and logs one grid picture; the weights not on its axes stay as in `centre`."""
    from studies.cli.pictures import grid_sheet
    from studies.cli.search import announce

    total = len(x.values) * len(y.values)
    announce(study, f"grid {x.name} x {y.name}", total)
    cells = []
    with bar("grid", total) as advance:
        for row, b in enumerate(y.values):
            line = []
            for column, a in enumerate(x.values):
                evaluation = study.evaluator.evaluate(seed, x.place(y.place(centre, b), a))
                judged, scores = judge.judge(evaluation)
                line.append((evaluation.image, scores, judged.feasible))
                advance(row * len(x.values) + column + 1, "")
            cells.append(line)
    others = "  ".join(f"{n} {w:.2f}" for n, w in centre.weights.items() if n not in (x.name, y.name))
    name = f"grid-{seed}-{x.name}-{y.name}.png"
    columns, rows = [f"{x.name} {v:g}" for v in x.values], [f"{y.name} {v:g}" for v in y.values]
    path = grid_sheet(study.workspace, name, cells, columns, rows, f"seed {seed}  {others}  CFG {centre.cfg:g}")
    tracker.log_picture(seed, name, path)
    return path

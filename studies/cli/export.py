"""export: take the pick home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from models.errors import InputError
from studies.cli.options import StudyArgument, WorkspaceOption, open_study

if TYPE_CHECKING:
    from studies.building import Study
    from studies.outcome import Outcome


def register(app: typer.Typer) -> None:
    app.command()(export)


def export(
    study: StudyArgument,
    seed: Annotated[int, typer.Option("--seed", help="a seed that was run")],
    to: Annotated[
        Literal["png", "a1111"],
        typer.Option("--to", help="png: the image with A1111 settings inside; a1111: the settings as text"),
    ],
    workspace: WorkspaceOption = None,
) -> None:
    """Write the pick of a seed for other tools."""
    from studies.running import judge_for, stored_outcome

    opened = open_study(study, workspace)
    judge, _ = judge_for(opened, seed, lambda: None)
    typer.echo(export_pick(opened, stored_outcome(opened, seed, judge), to))


def export_pick(study: Study, outcome: Outcome, to: Literal["png", "a1111"]) -> Path:
    from models.files import write_whole
    from studies.cli.pictures import open_image
    from studies.exporting import pick_infotext
    from studies.infotext import save_png, write

    if outcome.pick is None:
        raise InputError(
            "there is no pick", f"seed {outcome.seed}", "run the seed first, or see `huanhua show STUDY` for what blocks it"
        )
    info = pick_infotext(study, outcome)
    folder = study.workspace.exports
    folder.mkdir(parents=True, exist_ok=True)
    if to == "a1111":
        path = folder / f"seed-{outcome.seed}.txt"
        write_whole(path, (write(info) + "\n").encode())
        return path
    path = folder / f"seed-{outcome.seed}.png"
    save_png(open_image(outcome.record(outcome.pick).image), path, info)
    return path

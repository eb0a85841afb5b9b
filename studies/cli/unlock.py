"""unlock: takes seeds back that were locked."""

from __future__ import annotations

from typing import Annotated

import typer

from models.language.translate import said
from studies.cli.options import StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.next_command import print_next


def unlock(
    study: StudyArgument,
    seeds: Annotated[list[int], typer.Argument(metavar="SEED...", help="locked seeds")],
    workspace: WorkspaceOption = None,
) -> None:
    """Take locked seeds back: they are not run any more. Their images and trials stay."""
    from studies.run.scouting import unlock as release

    left = release(open_study(study, workspace), seeds)
    typer.echo(said("locked: {seeds}", seeds=", ".join(str(s) for s in left) or said("none")))
    print_next("run" if left else "scout", study, workspace=workspace)

"""lock: chooses the seeds whose weights are searched."""

from __future__ import annotations

from typing import Annotated

import typer

from models.errors import InputError
from studies.cli.options import StudyArgument, WorkspaceOption, open_study


def lock(
    study: StudyArgument,
    seeds: Annotated[list[int], typer.Argument(metavar="SEED...", help="seeds whose composition is sound")],
    workspace: WorkspaceOption = None,
) -> None:
    """Lock seeds: their weights will be searched."""
    from studies.run.scouting import lock as keep

    opened = open_study(study, workspace)
    bad = [s for s in seeds if not 0 <= s < 2**32]
    if bad:
        raise InputError(f"no seed: {bad[0]}", "lock", "seeds are whole numbers from 0 to 4294967295")
    opened.workspace.make()
    typer.echo("locked: " + ", ".join(str(s) for s in keep(opened, seeds)))

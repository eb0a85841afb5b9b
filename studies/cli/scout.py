"""scout: draws random seeds at the start weights and ranks them."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from studies.cli.announce import AGAIN, close
from studies.cli.options import BlurOption, JsonOption, StudyArgument, WorkspaceOption, open_study, open_tracker
from studies.pipeline import scout_study


def register(app: typer.Typer) -> None:
    app.command()(scout)


def scout(
    study: StudyArgument,
    seeds: Annotated[int | None, typer.Option(help="how many random seeds")] = None,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw random seeds at the start weights and rank them; then lock one."""
    opened = open_study(study, workspace)
    tracker = open_tracker(opened)
    try:
        found, picture = scout_study(opened, seeds, tracker, blurred=blur)
    finally:
        close(tracker, later=AGAIN)
    if as_json:
        ranked = [{"seed": s.seed, "faults": list(s.faults), "hands": s.hands, "image": str(s.evaluation.image)} for s in found]
        typer.echo(json.dumps({"seeds": ranked, "sheet": str(picture)}))
        return
    for place, s in enumerate(found, 1):
        typer.echo(f"{place:>3}. {s.seed:<11} {', '.join(s.faults) or 'sound':<28} hands {s.hands:.2f}")
    typer.echo(picture)

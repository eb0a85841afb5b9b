"""scout: draws random seeds at the start weights and ranks them."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from models.language.translate import joined, said, translated
from models.language.width import padded
from studies.cli.options import BlurOption, JsonOption, StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.console import ConsoleCallback, print_line
from studies.cli.progress.next_command import print_next


def scout(
    study: StudyArgument,
    seeds: Annotated[int | None, typer.Option(min=1, help="how many random seeds")] = None,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw random seeds at the start weights and rank them; then lock one."""
    from studies.pipeline import scout_study

    ranked, sheet = scout_study(open_study(study, workspace), seeds, callback=ConsoleCallback(), blurred=blur)
    if as_json:
        listed = [
            {"seed": s.seed, "faults": list(s.soundness.faults), **s.soundness.scores, "image": str(s.evaluation.image)}
            for s in ranked
        ]
        typer.echo(json.dumps({"seeds": listed, "sheet": str(sheet)}))
        return
    for place, s in enumerate(ranked, 1):
        scores = " ".join(f"{name} {value:.2f}" for name, value in s.soundness.scores.items())
        faults = translated(joined(", ", s.soundness.faults)) or said("sound")
        typer.echo(f"{place:>3}. {s.seed:<11} {padded(faults, 28)} {scores}")
    typer.echo(sheet)
    sound = [s.seed for s in ranked if not s.soundness.faults]
    if sound:
        print_next("lock", study, sound[0], workspace=workspace)
    else:
        print_line(said("none of them is sound: more seeds, or another prompt or size"))
        print_next("scout", study, "--seeds", 2 * len(ranked), workspace=workspace)

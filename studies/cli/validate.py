"""validate: opens every file that a study names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from models.errors import InputError
from models.language.translate import translated
from studies.cli.options import STUDY_HELP, open_study
from studies.cli.progress.next_step import print_study_next
from studies.project.typed import typed_study


def validate(
    study: Annotated[Path | None, typer.Argument(metavar="STUDY", help=STUDY_HELP, parser=typed_study)] = None,
    schema: Annotated[bool, typer.Option("--schema", help="print the JSON schema of study.yaml")] = False,
) -> None:
    """Open every file that a study names; say what is wrong and where."""
    if schema:
        from studies.spec import schema as json_schema

        typer.echo(json.dumps(json_schema(), indent=2))
        return
    if study is None:
        raise InputError("no study given", "validate", "name a study.yaml or its folder, or ask for --schema")
    from studies.doctor.validate import validate_study

    opened = open_study(study, None)
    for line in validate_study(opened):
        typer.echo(translated(line))
    print_study_next(opened, study)

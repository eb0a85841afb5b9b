"""init, validate: the study file itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from models.errors import InputError
from studies.cli.options import open_study


def register(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(validate)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="where to write study.yaml")],
    source: Annotated[
        Path | None, typer.Option("--from", help="a picture that A1111 or Forge saved: its settings are filled in")
    ] = None,
) -> None:
    """Write a commented study.yaml."""
    from models.files import write_whole
    from studies.starter import filled_from, starter

    target = folder / "study.yaml"
    if target.exists():
        raise InputError("a study file is there already", target, "name another folder, or move it away")
    text = filled_from(source) if source else starter()
    write_whole(target, text.encode())
    typer.echo(f"{target}  (edit it, then: huanhua validate {folder})")


def validate(
    study: Annotated[Path | None, typer.Argument(metavar="STUDY", help="a study.yaml, or its folder")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="print the JSON schema of study.yaml")] = False,
) -> None:
    """Open every file that a study names; say what is wrong and where."""
    if schema:
        from studies.spec import schema as json_schema

        typer.echo(json.dumps(json_schema(), indent=2))
        return
    if study is None:
        raise InputError("no study given", "validate", "name a study.yaml or its folder, or ask for --schema")
    from studies.validating import validate_study

    for line in validate_study(open_study(study, None)):
        typer.echo(line)

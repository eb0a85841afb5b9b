"""init: writes a commented study.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.errors import InputError


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="where to write study.yaml")],
    source: Annotated[
        Path | None, typer.Option("--from", help="a picture that A1111 or Forge saved: its settings are filled in")
    ] = None,
) -> None:
    """Write a commented study.yaml."""
    from models.io.files import write_whole
    from studies.starter.template import filled_from, starter

    target = folder / "study.yaml"
    if target.exists():
        raise InputError("a study file is there already", target, "name another folder, or move it away")
    text = filled_from(source) if source else starter()
    write_whole(target, text.encode())
    typer.echo(f"{target}  (edit it, then: huanhua validate {folder})")

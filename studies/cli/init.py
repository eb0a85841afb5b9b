"""init: writes a commented study.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.errors import InputError


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="where to write study.yaml")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="a picture, or its settings as text or JSON, of A1111, ComfyUI and others: filled in"),
    ] = None,
    loras: Annotated[
        Path | None, typer.Option(help="folder of LoRA files, found there by name, alias or hash; DIR/loras by default")
    ] = None,
) -> None:
    """Write a commented study.yaml."""
    from models.io.files import write_whole
    from studies.starter.template import filled_from, starter, study_name

    if folder.exists() and not folder.is_dir():
        raise InputError("a file is there, not a folder", folder, "name a new folder for the study")
    if loras is not None and source is None:
        raise InputError("--loras looks for the LoRAs of a picture", loras, "name the picture too: --from PICTURE")
    target = folder / "study.yaml"
    if target.exists():
        raise InputError("a study file is there already", target, "name another folder, or move it away")
    text = filled_from(source, folder, loras) if source else starter(study_name(folder))
    try:
        write_whole(target, text.encode())
    except OSError as error:
        raise InputError(f"the folder cannot be written ({error.strerror})", folder, "name another folder") from error
    typer.echo(f"{target}  (edit it, then: huanhua validate {folder})")

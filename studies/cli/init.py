"""init: writes a commented study.yaml."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from models.catalogue import PROFILES, profile_named
from models.errors import InputError
from models.language.translate import phrase, said
from studies.cli.options import FromWebuiOption
from studies.project.folder import project_of
from studies.project.typed import shown, typed_new_study, typed_path
from studies.starter.presets import LISTED


def init(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="where to write study.yaml; a name: in the project's studies", parser=typed_new_study),
    ],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="picture, workflow, or settings as text or JSON, of A1111, ComfyUI and others: filled in"),
    ] = None,
    draw: Annotated[
        Literal["huanhua", "comfyui", "webui"] | None,
        typer.Option(help="what draws the study; by default ComfyUI for its workflows, else huanhua itself"),
    ] = None,
    url: Annotated[str | None, typer.Option(help="the server's address, with --draw comfyui or webui")] = None,
    node: Annotated[
        list[str] | None, typer.Option(metavar="KEY=ID", help="node of a workflow where several would do: sampler=5, positive=6")
    ] = None,
    preset: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help=f"kind of pictures, of {LISTED}; may be given again: drawn and half-body"),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"models that judge, as `models get --profile` fetches them, of {', '.join(PROFILES)}"),
    ] = None,
    loras: Annotated[
        Path | None,
        typer.Option(help="folder of LoRA files, found there by name, alias or hash; loras/ by default", parser=typed_path),
    ] = None,
    from_webui: FromWebuiOption = None,
) -> None:
    """Write a commented study.yaml."""
    from models.io.files import write_whole
    from studies.starter.new_study import Wanted, new_study

    if profile is not None:
        profile_named(profile)
    if folder.exists() and not folder.is_dir():
        raise InputError("a file is there, not a folder", folder, "name a new folder for the study")
    target = folder / "study.yaml"
    if target.exists():
        raise InputError("a study file is there already", target, "name another folder, or move it away")
    if url is not None:
        from optimizer.render.remote.address import address

        address(url, remote=True)
    files = new_study(folder, Wanted(source, draw, url, loras, node or (), preset or (), profile, from_webui or ()))
    for name, text in files.items():
        place = folder / name
        if place.exists() and place.read_bytes() != text.encode() and not (source and place.samefile(source)):
            raise InputError("another file is there already", place, "name another folder, or move it away")
    try:
        for name, text in sorted(files.items(), reverse=True):
            if not (folder / name).exists():
                write_whole(folder / name, text.encode())
    except OSError as error:
        raise InputError(
            phrase("the folder cannot be written ({strerror})", strerror=error.strerror), folder, "name another folder"
        ) from error
    if "\n  like: comfyui" in files["study.yaml"]:
        typer.echo(
            said("ComfyUI's code drew the picture: render.like is comfyui, so that the study draws with its noise and emphasis")
        )
    where = shlex.quote(shown(folder))
    typer.echo(said("{file}  (edit it, then: huanhua validate {study})", file=target, study=where))
    if project_of(folder) is None:
        typer.echo(
            said(
                "no project is around it: `huanhua new .` makes this folder one, where init finds bases, LoRAs and training sets"
            ),
            err=True,
        )

"""export: take the pick home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from models.errors import InputError
from studies.cli.options import StudyArgument, WorkspaceOption, open_study

if TYPE_CHECKING:
    from models.upscaler import Upscaler
    from studies.building import Study
    from studies.outcome import Outcome


def register(app: typer.Typer) -> None:
    app.command()(export)


def export(
    study: StudyArgument,
    seed: Annotated[int, typer.Option("--seed", help="a seed that was run")],
    to: Annotated[
        Literal["png", "a1111", "comfyui", "diffusers", "lora"],
        typer.Option(
            "--to",
            help="png: the image with A1111 settings inside; a1111: the settings as text; comfyui: a workflow; "
            "diffusers: a Python script; lora: all LoRAs at their weights as one file",
        ),
    ],
    upscale: Annotated[
        Path | None, typer.Option("--upscale", help="with --to png: an ESRGAN-type model (.safetensors, .pth) that enlarges it")
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the pick of a seed for other tools."""
    from studies.cli.show import by_hand
    from studies.exporting import export_to
    from studies.stored import stored

    if upscale is not None and to != "png":
        raise InputError("--upscale enlarges a picture", f"--to {to}", "use --to png")
    opened = open_study(study, workspace)
    upscaler = _upscaler(opened, upscale) if upscale is not None else None
    outcome = stored(opened, seed).outcome
    done = export_to(opened, outcome, to, upscaler)
    for path in done.paths:
        typer.echo(path)
    if outcome.by_hand:
        typer.echo(by_hand(outcome), err=True)
    for note in done.notes:
        typer.echo(note, err=True)


def export_pick(study: Study, outcome: Outcome, to: Literal["png", "a1111"]) -> Path:
    """The file that was written. Raises InputError if there is no pick at this seed."""
    from studies.exporting import export_to

    return export_to(study, outcome, to).paths[0]


def _upscaler(study: Study, path: Path) -> Upscaler:
    from models.upscaler import open_upscaler

    return open_upscaler(path, study.device)

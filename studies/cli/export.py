"""export: take the pick home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from models.errors import InputError
from models.language.translate import said, translated
from studies.cli.options import StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.next_command import print_next
from studies.project.typed import typed_upscaler

if TYPE_CHECKING:
    from models.vision.upscaler import Upscaler
    from studies.run.outcome import Outcome
    from studies.study import Study


def export(
    study: StudyArgument,
    to: Annotated[
        Literal["png", "a1111", "comfyui", "diffusers", "lora"],
        typer.Option(
            "--to",
            help="png: the image with A1111 settings inside; a1111: the settings as text; comfyui: a workflow; "
            "diffusers: a Python script; lora: all LoRAs at their weights as one file",
        ),
    ],
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, help="a seed that was run; all seeds with a pick by default"),
    ] = None,
    upscale: Annotated[
        Path | None,
        typer.Option(
            "--upscale", help="with --to png: an ESRGAN-type model (.safetensors, .pth) that enlarges it", parser=typed_upscaler
        ),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write picks for other tools."""
    from studies.export.export import export_to
    from studies.run.verdicts.words import reason

    if upscale is not None and to != "png":
        raise InputError("--upscale enlarges a picture", f"--to {to}", "use --to png")
    opened = open_study(study, workspace, seed)
    upscaler = _upscaler(opened, upscale) if upscale is not None else None
    for outcome in _outcomes(opened, seed):
        done = export_to(opened, outcome, to, upscaler)
        for path in done.paths:
            typer.echo(path)
        typer.echo(said("seed {seed}: {what}", seed=outcome.seed, what=translated(outcome.claim)), err=True)
        if outcome.by_hand:
            typer.echo(translated(reason(outcome)), err=True)
        for note in done.notes:
            typer.echo(translated(note), err=True)
    print_next("lookbook", study, workspace=workspace)


def _outcomes(study: Study, seed: int | None) -> list[Outcome]:
    """That of `seed`, or those of all seeds that have a pick. Raises InputError if there are none."""
    from studies.run.stored_results import stored_outcomes

    found = stored_outcomes(study, seed)
    without = [str(outcome.seed) for outcome in found if outcome.pick is None]
    if seed is not None or not without:
        return found
    if len(without) == len(found):
        raise InputError("no seed has a pick", study.spec.name, "see `huanhua show STUDY` for what blocks them")
    typer.echo(said("no pick at seed {seeds}: see `huanhua show STUDY`", seeds=", ".join(without)), err=True)
    return [outcome for outcome in found if outcome.pick is not None]


def _upscaler(study: Study, path: Path) -> Upscaler:
    from models.vision.upscaler import open_upscaler

    return open_upscaler(path, study.models.device)

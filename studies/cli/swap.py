"""swap: the same face and seed with another LoRA, as a new study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.language.translate import said
from studies.cli.options import StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.console import print_line
from studies.cli.progress.next_command import print_next
from studies.project.typed import shown, typed_lora, typed_new_study, typed_path


def swap(
    study: StudyArgument,
    change: Annotated[str, typer.Argument(metavar="LORA=FILE", help="such as dress=other.safetensors")],
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="the new study's folder; beside the old one", parser=typed_new_study),
    ] = None,
    references: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="photos of what the new LoRA shows; by default beside the old ones", parser=typed_path),
    ] = None,
    trigger: Annotated[str | None, typer.Option(help="its trigger word, unless its file names it")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The same face and seed, the next dress: a new study that learns from this one what still holds."""
    from studies.derive.swap import parse_swap, swap_lora
    from studies.spec import study_file

    opened = open_study(study, workspace)
    key, equals, given = change.partition("=")
    name, file = parse_swap(f"{key}={typed_lora(given)}" if equals and given else change, opened)
    old = study_file(study).resolve().parent
    folder = to or old.parent / f"{old.name}-{file.stem}"
    text = study_file(study).read_text(encoding="utf-8")
    swapped = swap_lora(opened, text, name, file, folder, references=references, trigger=trigger, report=print_line)
    print_line(said("prompt: {prompt}", prompt=swapped.spec.prompt))
    print_next("run", Path(shown(folder)))

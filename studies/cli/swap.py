"""swap: the same face and seed with another LoRA, as a new study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.errors import InputError
from models.language.translate import said
from studies.cli.options import StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.console import print_line
from studies.cli.progress.next_command import print_next
from studies.project.typed import shown, typed_lora, typed_new_study, typed_path


def swap(
    study: StudyArgument,
    change: Annotated[list[str], typer.Argument(metavar="LORA=FILE...", help="such as dress=other.safetensors; several at once")],
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
    from studies.derive.swap import Change, parse_swap, swap_loras
    from studies.spec import study_file

    opened = open_study(study, workspace)
    if len(change) > 1 and (references is not None or trigger is not None):
        raise InputError(
            "photos and a trigger word are of one LoRA", "--references, --trigger", "leave them out, or change one LoRA"
        )
    changes = [Change(*parse_swap(_typed(each), opened), references, trigger) for each in change]
    old = study_file(study).resolve().parent
    folder = to or old.parent / "-".join([old.name, *(each.file.stem for each in changes)])[:80]
    text = study_file(study).read_text(encoding="utf-8")
    swapped = swap_loras(opened, text, changes, folder, report=print_line)
    print_line(said("prompt: {prompt}", prompt=swapped.spec.prompt))
    print_next("run", Path(shown(folder)))


def _typed(change: str) -> str:
    """With the file where the person means it."""
    key, equals, given = change.partition("=")
    return f"{key}={typed_lora(given)}" if equals and given else change

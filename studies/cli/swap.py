"""swap: the same face and seed with another LoRA, as a new study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studies.cli.options import StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.console import print_line


def swap(
    study: StudyArgument,
    change: Annotated[str, typer.Argument(metavar="LORA=FILE", help="such as dress=other.safetensors")],
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="the new study's folder; beside the old one")] = None,
    references: Annotated[
        Path | None, typer.Option(metavar="DIR", help="photos of what the new LoRA shows; by default beside the old ones")
    ] = None,
    trigger: Annotated[str | None, typer.Option(help="its trigger word, unless its file names it")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The same face and seed, the next dress: a new study that learns from this one what still holds."""
    from studies.derive.swap import parse_swap, swap_lora
    from studies.spec import study_file

    opened = open_study(study, workspace)
    name, file = parse_swap(change, opened)
    folder = to or opened.root.resolve().parent / f"{opened.root.resolve().name}-{file.stem}"
    text = study_file(study).read_text(encoding="utf-8")
    swapped = swap_lora(opened, text, name, file, folder, references=references, trigger=trigger, report=print_line)
    print_line(f"prompt: {swapped.spec.prompt}")
    print_line(f"from now on: huanhua run {folder}")

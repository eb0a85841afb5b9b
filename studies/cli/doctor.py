"""doctor: versions, devices, memory, and whether models open. Safe to paste into a bug report."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studies.cli.progress.next_command import print_next, print_next_words
from studies.cli.progress.next_step import print_project_next
from studies.project.typed import shown, typed_study

if TYPE_CHECKING:
    from studies.doctor.machine import Line

LIBRARIES = (
    "torch", "diffusers", "transformers", "peft", "accelerate", "open_clip_torch", "insightface", "onnxruntime", "safetensors",
    "spandrel", "pillow", "optuna", "optuna-dashboard", "SQLAlchemy", "mlflow",
)  # fmt: skip


def doctor(
    study: Annotated[
        Path | None, typer.Argument(metavar="[STUDY]", help="a study, as run takes it: do its models open?", parser=typed_study)
    ] = None,
) -> None:
    """Say what is installed, what it runs on, and which models open; no home folder, token or host name is printed. Exit
    status 1 if something is missing."""
    from studies.doctor.redact import redacted

    wrong = 0
    for line, well in _lines(study):
        wrong += not well
        typer.echo(redacted(" ".join(line.splitlines())))
    if wrong:
        lines = "1 of these lines says" if wrong == 1 else f"{wrong} of these lines say"
        typer.echo(f"{lines} what is missing and how to get it", err=True)
        print_next_words("doctor", *([] if study is None else [shown(study)]))
        sys.exit(1)
    if study is None:
        print_project_next()
    else:
        print_next("validate", study)


def _lines(path: Path | None) -> Iterator[Line]:
    from importlib.metadata import version

    from studies.cli.options import open_study
    from studies.doctor.machine import EXTRAS, device_lines, extra_line, lab_lines, library_line, memory_lines, python_line

    opened = open_study(path, None) if path is not None else None
    yield f"huanhua    {version('huanhua')}", True
    yield python_line()
    yield from (library_line(name) for name in LIBRARIES)
    yield from (extra_line(name, extra) for name, extra in EXTRAS.items())
    yield from device_lines()
    yield from memory_lines(opened.root if opened else Path())
    yield from lab_lines()
    if opened is not None:
        from studies.doctor.study import study_lines

        yield from study_lines(opened)

"""doctor: versions, device, memory, and whether the shipped models open. Safe to paste into a bug report."""

from __future__ import annotations

import platform
import sys

import typer

LIBRARIES = (
    "torch", "diffusers", "transformers", "peft", "accelerate", "open_clip_torch", "insightface", "onnxruntime", "safetensors",
    "pillow", "optuna", "optuna-dashboard", "mlflow",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor() -> None:
    """Say what is installed, what it runs on, and whether the paper-doll models open."""
    from studies.diagnosis import device_line, lab_lines, library_line

    typer.echo(f"python     {platform.python_version()} on {platform.system()} {platform.machine()}")
    wrong = False
    for name in LIBRARIES:
        line, present = library_line(name)
        wrong = wrong or not present
        typer.echo(line)
    typer.echo(device_line())
    for line, well in lab_lines():
        wrong = wrong or not well
        typer.echo(line)
    if wrong:
        typer.echo("something is missing: pip install -c constraints.txt .", err=True)
        sys.exit(1)

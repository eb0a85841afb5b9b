"""models list, models get: the real models that a study can name."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from models.errors import InputError

FolderOption = Annotated[Path, typer.Option("--to", help="the folder that holds one folder a model")]
MODELS = Path("models")


def list_models(
    folder: FolderOption = MODELS, as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False
) -> None:
    """Print every real model with its size, licence and source, and where it lies."""
    from models.catalogue import CATALOGUE

    if folder.exists() and not folder.is_dir():
        raise InputError("not a folder of models", folder, "name the folder that holds one folder a model: --to DIR")
    if as_json:
        models = [
            {**asdict(m), "setting": _setting(m.setting, m.folder(folder)), "path": _path(m.found(folder))} for m in CATALOGUE
        ]
        typer.echo(json.dumps(models, indent=1))
        return
    for model in CATALOGUE:
        size = f"{model.megabytes / 1000:.1f} GB" if model.megabytes >= 1000 else f"{model.megabytes} MB"
        typer.echo(f"{model.name:<20} {size:>7}  {model.use}")
        typer.echo(f"  licence  {model.licence}")
        typer.echo(f"  source   {model.source}")
        typer.echo(f"  here     {_path(model.found(folder)) or 'no'}{'' if model.repo else '  (not fetched by get)'}")
        typer.echo(f"  use      {_setting(model.setting, model.folder(folder))}")


def get(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="names that `huanhua models list` prints")],
    folder: FolderOption = MODELS,
) -> None:
    """Fetch models from the hub (HF_ENDPOINT names another), resumed where cut off and checked by their hashes."""
    from models.catalogue import real_model
    from models.io.fetching import fetch_model

    for model in [real_model(name) for name in names]:
        typer.echo(f"{model.name}: {model.licence}")
        at = fetch_model(model, folder, typer.echo)
        typer.echo(f"use it by  {_setting(model.setting, at)}")


def _setting(setting: str, folder: Path) -> str:
    return setting.format(folder=folder.as_posix())


def _path(found: Path | None) -> str | None:
    return None if found is None else str(found)

"""models list, models get: the real models that a study can name."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.catalogue import FREE, PROFILES, RealModel, profile_named
from models.errors import InputError
from studies.project import folder as project
from studies.project.typed import typed_path

if TYPE_CHECKING:
    from studies.project.webui.program import Sort, Webui

FolderOption = Annotated[Path, typer.Option("--to", help="the folder that holds one folder a model")]
MODELS = Path(project.MODELS)
ROOM = 1.2
"""How much more disk than it will hold a download needs: an archive and what is in it, for a while."""


def list_models(
    folder: FolderOption = MODELS,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"those of a profile alone, of {', '.join(PROFILES)}")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
) -> None:
    """Print every real model with its size, licence and source, and where it lies."""
    from models.catalogue import CATALOGUE
    from studies.project.webui.recorded import webuis_of

    folder = typed_path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError("not a folder of models", folder, "name the folder that holds one folder a model: --to DIR")
    listed = CATALOGUE if profile is None else profile_named(profile)
    webuis = webuis_of(folder) if profile is None else ()
    if as_json:
        models = [
            {**asdict(m), "setting": _setting(m.setting, m.folder(folder)), "path": _path(_found(m, folder, webuis))}
            for m in listed
        ]
        typer.echo(json.dumps([*models, *(_webui_entry(*entry) for entry in _webui_files(webuis))], indent=1))
        return
    for model in listed:
        typer.echo(f"{model.name:<20} {_size(model.megabytes):>7}  {model.use}")
        typer.echo(f"  licence  {model.licence}; commercial use: {model.commercial}")
        typer.echo(f"  source   {model.source}")
        by_hand = "" if model.repo or model.url else "  (not fetched by get)"
        typer.echo(f"  here     {_path(_found(model, folder, webuis)) or 'no'}{by_hand}")
        typer.echo(f"  use      {_setting(model.setting, model.folder(folder))}")
    for name in PROFILES if profile is None else ():
        limits = "licences allow commercial use" if name == FREE else "not all for commercial use"
        typer.echo(f"all of a first study, {limits}: huanhua models get --profile {name}")
    for webui in webuis:
        typer.echo(f"{webui.folder} ({webui.program}), used in place: {webui.counts()}")
    for sort, name, path in _webui_files(webuis):
        typer.echo(f"  {sort:<10} {name:<40} {path}")


def get(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="names that `huanhua models list` prints")
    ] = None,
    folder: FolderOption = MODELS,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"all that a first study needs, of {', '.join(PROFILES)}")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="with --profile: fetch without asking")] = False,
) -> None:
    """Fetch models, resumed where cut off and checked by their hashes. HF_ENDPOINT and GITHUB_ENDPOINT name other hosts."""
    from models.catalogue import real_model
    from models.io.fetching import fetch_model
    from studies.project.webui.recorded import webuis_of

    folder = typed_path(folder)
    asked = [] if profile is None else profile_named(profile)
    if not names and profile is None:
        raise InputError("no model is named", "models get", "name models, or --profile photo or free")
    wanted = [real_model(name) for name in names or ()]
    by_hand: list[RealModel] = []
    if profile is not None:
        webuis = webuis_of(folder)
        found = {model.name: _found(model, folder, webuis) or _base_there(model, folder, webuis) for model in asked}
        lacking = [model for model in asked if found[model.name] is None]
        by_hand = [model for model in lacking if model.repo is None and model.url is None]
        missing = [model for model in lacking if model not in by_hand]
        for model in asked:
            if model not in lacking:
                typer.echo(f"{model.name:<20} is there: {found[model.name]}")
        _agree(missing, folder, yes)
        wanted += missing
    for model in wanted:
        typer.echo(f"{model.name}: {model.licence}")
        at = fetch_model(model, folder, typer.echo)
        typer.echo(f"use it by  {_setting(model.setting, at)}")
    for model in by_hand:
        typer.echo(f"{model.name} is fetched by hand ({model.use}; {model.licence}):")
        typer.echo(f"  from  {model.source}")
        typer.echo(f"  to    {model.folder(folder).as_posix()}   (any other base of its kind may lie there instead)")
    if profile is not None:
        typer.echo("next: huanhua prepare photos/dress data/dress --kind clothing --trigger testdress")
        typer.echo(f"a study that these models judge: huanhua init STUDY --profile {profile}")


def _found(model: RealModel, folder: Path, webuis: Sequence[Webui]) -> Path | None:
    """Where its files lie, or its only file in a WebUI's folder."""
    names = model.files or ((model.url or model.place or "").rpartition("/")[2],)
    upscalers = [path for webui in webuis for _, path in webui.files("upscaler") if path.name == names[0]]
    return model.found(folder) or next(iter(upscalers), None)


def _base_there(model: RealModel, folder: Path, webuis: Sequence[Webui]) -> Path | None:
    """Any base in the place of one that is fetched by hand."""
    from studies.project.bases import bases_in, bases_of

    if model.repo is not None or model.url is not None:
        return None
    return next((base.path for base in (*bases_in(folder), *bases_of(webuis))), None)


def _webui_files(webuis: Sequence[Webui]) -> Iterator[tuple[Sort, str, Path]]:
    from studies.project.webui.program import SORTS

    for webui in webuis:
        for sort in SORTS:
            yield from ((sort, name, path) for name, path in webui.files(sort))


def _webui_entry(sort: Sort, name: str, path: Path) -> dict[str, str]:
    return {"name": name, "use": f"a WebUI's {sort}", "setting": path.as_posix(), "path": str(path)}


def _agree(models: Sequence[RealModel], folder: Path, yes: bool) -> None:
    """Prints sizes and licences, and asks once. Raises InputError where there is no room or nobody to ask; Exit if refused."""
    if not models:
        return
    for model in models:
        typer.echo(f"{model.name:<20} {_size(model.megabytes):>7}  {model.use}; {model.licence}")
    total = sum(model.megabytes for model in models)
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())
    free = shutil.disk_usage(there).free // 10**6
    if free < total * ROOM:
        raise InputError(
            f"{_size(total)} are to be fetched, and {_size(free)} are free", there, "make room, or name another disk: --to DIR"
        )
    typer.echo(f"{_size(total)} to {folder.as_posix()}, where {_size(free)} are free")
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError("nobody is there to ask", "models get --profile", "add --yes to agree to these licences and sizes")
    if not typer.confirm("fetch them, and agree to their licences?"):
        raise typer.Exit(1)


def _size(megabytes: int) -> str:
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes} MB"


def _setting(setting: str, folder: Path) -> str:
    return setting.format(folder=folder.as_posix())


def _path(found: Path | None) -> str | None:
    return None if found is None else str(found)

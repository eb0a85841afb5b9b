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
from models.language.translate import phrase, said, translated
from models.language.width import padded
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
        typer.echo(f"{model.name:<20} {_size(model.megabytes):>7}  {said(model.use)}")
        allowed = said("{licence}; commercial use: {commercial}", licence=model.licence, commercial=said(model.commercial))
        by_hand = "" if model.repo or model.url else "  " + said("(not fetched by get)")
        typer.echo(_line("licence", allowed))
        typer.echo(_line("source", model.source))
        typer.echo(_line("here", f"{_path(_found(model, folder, webuis)) or said('no')}{by_hand}"))
        typer.echo(_line("use", _setting(model.setting, model.folder(folder))))
    for name in PROFILES if profile is None else ():
        limits = said("licences allow commercial use") if name == FREE else said("not all for commercial use")
        command = f"huanhua models get --profile {name}"
        typer.echo(said("all of a first study, {limits}: {command}", limits=limits, command=command))
    for webui in webuis:
        counts = translated(webui.counts())
        typer.echo(
            said("{folder} ({program}), used in place: {counts}", folder=webui.folder, program=webui.program, counts=counts)
        )
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
                typer.echo(f"{model.name:<20} {said('is there: {path}', path=found[model.name])}")
        _agree(missing, folder, yes)
        wanted += missing
    for model in wanted:
        typer.echo(f"{model.name}: {model.licence}")
        at = fetch_model(model, folder, typer.echo)
        typer.echo(said("use it by  {setting}", setting=_setting(model.setting, at)))
    for model in by_hand:
        typer.echo(
            said("{name} is fetched by hand ({use}; {licence}):", name=model.name, use=said(model.use), licence=model.licence)
        )
        typer.echo(said("  from  {source}", source=model.source))
        place = model.folder(folder).as_posix()
        typer.echo(said("  to    {folder}   (any other base of its kind may lie there instead)", folder=place))
    if profile is not None:
        first = "huanhua prepare photos/dress data/dress --kind clothing --trigger testdress"
        typer.echo(said("next: {command}", command=first))
        typer.echo(said("a study that these models judge: {command}", command=f"huanhua init STUDY --profile {profile}"))


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
        typer.echo(f"{model.name:<20} {_size(model.megabytes):>7}  {said(model.use)}; {model.licence}")
    total = sum(model.megabytes for model in models)
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())
    free = shutil.disk_usage(there).free // 10**6
    if free < total * ROOM:
        raise InputError(
            phrase("{size} are to be fetched, and {free} are free", size=_size(total), free=_size(free)),
            there,
            "make room, or name another disk: --to DIR",
        )
    to = folder.as_posix()
    typer.echo(said("{size} to {folder}, where {free} are free", size=_size(total), folder=to, free=_size(free)))
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError("nobody is there to ask", "models get --profile", "add --yes to agree to these licences and sizes")
    if not typer.confirm(said("fetch them, and agree to their licences?")):
        raise typer.Exit(1)


def _line(label: str, text: str) -> str:
    return f"  {padded(said(label), 8)} {text}"


def _size(megabytes: int) -> str:
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes} MB"


def _setting(setting: str, folder: Path) -> str:
    return setting.format(folder=folder.as_posix())


def _path(found: Path | None) -> str | None:
    return None if found is None else str(found)

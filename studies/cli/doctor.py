"""doctor: versions, devices, memory, and whether models open. Safe to paste into a bug report."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.catalogue import PROFILES
from models.errors import InputError
from models.language.translate import Phrase, counted_phrase, joined, labelled, phrase, translated
from studies.cli.options import JsonOption
from studies.cli.progress.next_command import print_next, print_next_words
from studies.cli.progress.next_step import FIRST_STUDY, print_project_next
from studies.project.folder import MODELS
from studies.project.typed import shown, typed_path, typed_study

if TYPE_CHECKING:
    from models.licences import Licence
    from studies.doctor.machine import Line
    from studies.study import Study

WRONG, MORE_WRONG = "{number} of these lines says what is wrong", "{number} of these lines say what is wrong"
LIBRARIES = (
    "torch", "diffusers", "transformers", "peft", "accelerate", "open_clip_torch", "insightface", "onnxruntime", "safetensors",
    "spandrel", "pillow", "optuna", "optuna-dashboard", "SQLAlchemy", "mlflow",
)  # fmt: skip


def doctor(
    study: Annotated[
        Path | None, typer.Argument(metavar="[STUDY]", help="a study, as run takes it: do its models open?", parser=typed_study)
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"the licences of a profile's models alone, of {', '.join(PROFILES)}"),
    ] = None,
    folder: Annotated[
        Path, typer.Option("--to", help="with --profile: the folder that holds one folder a model", parser=typed_path)
    ] = Path(MODELS),
    as_json: JsonOption = False,
) -> None:
    """Say what is installed, what it runs on, which models open, and what their licences allow; no home folder, token or host
    name is printed. Exit status 1 if something is missing."""
    from studies.doctor.redact import redacted

    if profile is not None and study is not None:
        raise InputError("a study and a profile", f"--profile {profile}", "name one of the two")
    report = _of_profile(profile, folder) if profile is not None else _of_study(study)
    lines: list[Line] = []
    for line, well in report.lines:
        lines.append((redacted(" ".join(line.splitlines())), well))
        if not as_json:
            typer.echo(redacted(" ".join(translated(line).splitlines())))
    if as_json:
        typer.echo(json.dumps(_as_json(lines, report.licences), indent=1))
    place = [] if folder == typed_path(MODELS) else ["--to", shown(folder)]
    wrong = sum(not well for _, well in lines)
    if wrong:
        typer.echo(translated(counted_phrase(wrong, WRONG, MORE_WRONG)), err=True)
        if profile is not None:
            print_next_words("models", "get", "--profile", profile, *place)
        elif study is not None:
            print_next("validate", study)  # which names the command for each file that is missing
        sys.exit(1)
    if profile is not None:
        print_next_words("init", FIRST_STUDY, "--profile", profile)
    elif study is None:
        print_project_next()
    else:
        print_next("validate", study)


@dataclass
class _Report:
    lines: Iterator[Line]
    licences: list[Licence]


def _of_profile(name: str, folder: Path) -> _Report:
    from models.licences import summary
    from studies.doctor.licences import profile_licences

    found = profile_licences(name, folder)
    lacking = phrase("NOT HERE: {command}", command=f"huanhua models get --profile {name}")
    lines = [(licence_line(one, [] if there else [lacking]), there) for one, there in found]
    licences = [one for one, _ in found]
    return _Report(iter([*lines, (summary(licences), True)]), licences)


def _of_study(path: Path | None) -> _Report:
    from studies.cli.options import open_study

    if path is None:
        return _Report(_lines(None), [])
    from models.licences import summary
    from studies.doctor.licences import study_licences

    opened = open_study(path, None)
    licences = study_licences(opened)
    told = [(licence_line(one), True) for one in licences]
    return _Report(chain(_lines(opened), told, [(summary(licences), True)]), licences)


def licence_line(one: Licence, more: Sequence[str] = ()) -> str:
    from studies.doctor.machine import LABEL

    licence = one.licence if isinstance(one.licence, Phrase) else phrase(one.licence)
    values = {"name": one.name, "use": phrase(one.use), "licence": licence, "commercial": phrase(one.commercial)}
    text = phrase("{name}, for {use}: {licence}; commercial use: {commercial}", **values)
    return labelled("licence", LABEL, joined("; ", [text, *more]))


def _as_json(lines: Sequence[Line], licences: Sequence[Licence]) -> dict[str, Any]:
    from models.licences import commercial_use
    from studies.doctor.redact import redacted

    found: dict[str, Any] = {"lines": [{"text": text, "well": well} for text, well in lines]}
    if licences:
        found |= {
            "licences": [{**asdict(one), "name": redacted(one.name), "licence": redacted(one.licence)} for one in licences],
            "commercial_use": commercial_use(licences),
        }
    return found


def _lines(opened: Study | None) -> Iterator[Line]:
    from importlib.metadata import version

    from studies.doctor.machine import EXTRAS, device_lines, extra_line, lab_lines, library_line, memory_lines, python_line

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

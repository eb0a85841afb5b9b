"""lora report: LoRA files on their base, as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from models.errors import InputError
from models.language.translate import phrase
from models.lora_kinds import ScoredKind
from studies.cli.options import STUDY_HELP, open_study
from studies.cli.progress.console import ConsoleCallback, print_line
from studies.project.folder import MODELS
from studies.project.typed import typed_base, typed_lora, typed_path, typed_study


def report(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="LoRAs, or the files that one training saved", parser=typed_lora)
    ],
    study: Annotated[Path | None, typer.Option("--study", help=STUDY_HELP, parser=typed_study)] = None,
    base: Annotated[
        str | None, typer.Option(help="the base: .safetensors, diffusers folder or hub name; by default the one in models/")
    ] = None,
    photos: Annotated[
        Path | None, typer.Option(metavar="DIR", help="photos of what the LoRAs show, or a training set", parser=typed_path)
    ] = None,
    kind: Annotated[ScoredKind | None, typer.Option(help="what the LoRAs show, where nothing tells it")] = None,
    seed: Annotated[
        list[int] | None, typer.Option("--seed", min=0, help="of the images; two if not given; again for more")
    ] = None,
    weights: Annotated[str | None, typer.Option(metavar="LIST", help="such as 0.25,0.5,0.75,1")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="an empty folder for the page; beside its images by default")] = None,
    workspace: Annotated[
        Path | None, typer.Option("--workspace", help="where images lie; lora-report in the study's workspace or here by default")
    ] = None,
    blur: Annotated[bool, typer.Option("--blur/--no-blur", help="blur images with little clothing until asked for")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="print the numbers as JSON")] = False,
) -> None:
    """Write a page on LoRAs: from what weight they do, what they change besides and why, which epoch, which quarrel."""
    from dashboards.lora_report.writing import LORA_REPORT, write_report
    from studies.drawing.section import HuanhuaDraw
    from studies.lora_report.report import Asked, lora_report
    from studies.lora_report.setting import Told
    from studies.project.bases import only_base
    from studies.project.webui.recorded import webuis_of
    from studies.report.lora.as_json import as_json as values_of
    from studies.report.lora.page import page_of
    from studies.report.lora.sentences import answer, quarrel_answer

    if study is not None and base is not None:
        raise InputError("a study names its base itself", "--base", "leave --base or --study out")
    opened = None if study is None else open_study(study, None, *(seed or []))
    if opened is not None and not isinstance(opened.spec.draw, HuanhuaDraw):
        print_line(phrase("drawn here by huanhua itself, not by {title}", title=opened.spec.draw.title))
    if opened is None:
        base = typed_base(base) if base is not None else str(only_base(typed_path(MODELS), webuis_of(Path())))
    asked = Asked(
        files, opened, None if opened is not None else base, Told(kind, photos), seed or (), weights_of(weights), workspace
    )
    folder = out or asked.place / "page"
    LORA_REPORT.check_folder(folder)
    found = lora_report(asked, ConsoleCallback())
    written = write_report(page_of(found, blurred=blur), folder)
    if as_json:
        typer.echo(json.dumps({"page": str(written), **values_of(found)}, indent=1, ensure_ascii=False))
        return
    for lora in found.loras:
        print_line(phrase("{name}: {answer}", name=lora.name, answer=answer(lora)))
    for quarrel in found.quarrels:
        print_line(phrase("{name}: {answer}", name=" + ".join(f.name for f in quarrel.falls), answer=quarrel_answer(quarrel)))
    typer.echo(written)


def weights_of(text: str | None) -> tuple[float, ...]:
    """Raises InputError for what is no list of weights above 0 and at most 2."""
    if text is None:
        return ()
    mend = "write weights above 0 and at most 2, such as 0.25,0.5,0.75,1"
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError("no list of weights", f"--weights {text}", mend) from error
    if not all(0 < weight <= 2 for weight in found):
        raise InputError("a weight out of range", f"--weights {text}", mend)
    return found

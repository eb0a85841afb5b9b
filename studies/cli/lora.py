"""lora show: what a LoRA file is. lora report: LoRA files on their base, as a page.

lora recommend: the weights that a study found, for the programs that use its LoRAs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import InputError
from models.language.translate import phrase, said, translated
from models.language.width import padded
from models.lora_kinds import ScoredKind
from studies.cli.options import STUDY_HELP, JsonOption, OneSeedOption, StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.console import ConsoleCallback, print_line
from studies.project.folder import MODELS
from studies.project.typed import typed_base, typed_lora, typed_path, typed_study

if TYPE_CHECKING:
    from models.lora.summary import LoraSummary


def show(
    file: Annotated[
        Path, typer.Argument(help="a .safetensors LoRA from any tool, or the folder that peft saved", parser=typed_lora)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="print it as JSON")] = False,
) -> None:
    """Print kind, rank, alpha, trigger, base and blocks of a LoRA."""
    from models.lora.summary import summarise

    found = summarise(file)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1, ensure_ascii=False))
        return
    for name, text in _lines(found):
        typer.echo(f"{padded(said(name), 9)} {text}")


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


def recommend(
    study: StudyArgument,
    write: Annotated[
        bool,
        typer.Option("--write", help="into NAME.json (A1111, Forge) and NAME.metadata.json (ComfyUI-Lora-Manager)"),
    ] = False,
    seed: OneSeedOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print each LoRA's weight over the seeds of a study; with --write also beside the LoRAs, where others read it."""
    from studies.export.recommended_weights import recommended_weights
    from studies.export.sidecars import sidecars_of
    from studies.run.stored_results import stored_outcomes

    opened = open_study(study, workspace, seed)
    found = recommended_weights(opened, stored_outcomes(opened, seed))
    files = [opened.path(opened.spec.loras[one.lora].labelled(one.file or None)) for one in found]
    # All are read before the first is written: a damaged one leaves nothing half-done.
    sidecars = [sidecar for file, one in zip(files, found, strict=True) for sidecar in sidecars_of(file, one)] if write else []
    for sidecar in sidecars:
        sidecar.store()
    if as_json:
        files_written = [str(sidecar.path) for sidecar in sidecars if sidecar.written]
        kept = {str(sidecar.path): dict(sidecar.kept) for sidecar in sidecars if sidecar.kept}
        typer.echo(json.dumps({"loras": [one.as_json() for one in found], "written": files_written, "kept": kept}, indent=1))
        return
    for one in found:
        span = said("{low:g} to {high:g} over {seeds} seeds", low=one.low, high=one.high, seeds=one.seeds)
        file = f" ({one.file})" if one.file else ""
        typer.echo(f"{padded(one.lora, 10)} {one.weight:g}{file}, {span if one.seeds > 1 else said('at 1 seed')}")
    for sidecar in sidecars:
        typer.echo(f"{padded(said('wrote' if sidecar.written else 'left'), 10)} {sidecar.path}")
        for key, value in sidecar.kept.items():
            typer.echo("  " + said("{key} stays {value!r}, as somebody else wrote it", key=key, value=value))


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


def _lines(found: LoraSummary) -> Iterator[tuple[str, str]]:
    yield "file", _one_line(found.file)
    yield "kind", said("{method}, {naming} names", method=found.method, naming=found.naming)
    family = " " + said("({family} by its shapes)", family=found.family) if found.family else ""
    yield "base", _one_line(found.base or said("not given")) + family
    yield "trigger", _one_line(found.trigger or said("not given"))
    if found.thing is not None:
        yield "of", _one_line(found.thing)
    yield "rank", _counts(found.ranks) or said("not given")
    yield "alpha", _counts(found.alphas) or said("not given")
    for word, count in found.inversions.items():
        yield (
            "word",
            _one_line(
                said(
                    "{word}: a textual inversion of {count} vectors, which the prompt calls by this word", word=word, count=count
                )
            ),
        )
    for note in found.notes:
        yield "note", _one_line(translated(note))
    for block, count in sorted(found.blocks.items()):
        yield "layers", said("{count} in {block}", count=count, block=block)
    if found.training:
        yield "training", _one_line(", ".join(f"{name} {value}" for name, value in found.training.items()))
    if found.tags:
        yield "tags", _one_line(", ".join(f"{tag} ({count})" for tag, count in found.tags.items()))
    yield "hash", _one_line(found.hash or said("not given"))


def _counts(counted: Mapping[int, int] | Mapping[float, int]) -> str:
    if len(counted) == 1:
        return f"{next(iter(counted)):g}"
    return ", ".join(said("{value:g} ({count} layers)", value=value, count=count) for value, count in sorted(counted.items()))


def _one_line(text: str) -> str:
    """Without control characters: text in a stranger's file must not move the cursor."""
    return "".join(c if c.isprintable() else " " for c in text)[:300]

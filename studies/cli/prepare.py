"""prepare: from photos to a training set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.kinds import LoraKind
from studies.cli.progress.console import print_line, progress_bar

if TYPE_CHECKING:
    from trainers.prepare.dataset_writer import Prepared
    from trainers.step_plan import Plan

DEFAULT_PARSER = "fashn-ai/fashn-human-parser"


def prepare(
    photos: Annotated[Path, typer.Argument(help="folder of photos")],
    out: Annotated[Path, typer.Argument(help="the training set to write")],
    kind: Annotated[LoraKind, typer.Option(help="what the LoRA is of")],
    trigger: Annotated[str, typer.Option(help="its trigger word, a word of your own such as testdress")],
    size: Annotated[str, typer.Option(help="width x height of whole pictures; small things get half of it")] = "512x768",
    parser: Annotated[str, typer.Option(help="part parser: SegFormer folder or hub name")] = DEFAULT_PARSER,
    tagger: Annotated[
        str,
        typer.Option(help="a WD14 tagger's folder, or an open_clip model (ViT-L-14/openai, local-dir:PATH), or none"),
    ] = "none",
    tags: Annotated[Path | None, typer.Option(help="YAML of tag groups for an open_clip tagger, not the common ones")] = None,
    caption_reg: Annotated[
        bool, typer.Option("--caption-reg", help="tag the wearers' pictures too; kohya leaves them untagged")
    ] = False,
    reg_class: Annotated[
        str | None, typer.Option(help="train wearers under this word, such as girl (class prior); under the trigger if not given")
    ] = None,
    left_to_trigger: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="leave out tags that such a share of the pictures have: the trigger means them"),
    ] = None,
    boxes: Annotated[Path | None, typer.Option(help="JSON of boxes by photo, written or corrected by hand")] = None,
) -> None:
    """Make a kohya-style training set: two crops of each photo, captions, a contact sheet."""
    from studies.training.prepare import parse_size

    prepared, picture = prepare_showing(
        photos,
        out,
        kind=kind,
        trigger=trigger,
        size=parse_size(size),
        parser=parser,
        tagger=tagger,
        tags=tags,
        caption_reg=caption_reg,
        reg_class=reg_class,
        boxes=boxes,
        left_to_trigger=left_to_trigger,
    )
    for line in describe(prepared):
        print_line(line)
    typer.echo(picture)


def prepare_showing(
    photos: Path,
    out: Path,
    *,
    kind: LoraKind,
    trigger: str,
    size: tuple[int, int],
    parser: str,
    tagger: str,
    tags: Path | None = None,
    plan: Plan | None = None,
    caption_reg: bool = False,
    reg_class: str | None = None,
    boxes: Path | None = None,
    left_to_trigger: float | None = None,
) -> tuple[Prepared, Path]:
    """Prepares with a progress bar; the path is that of the contact sheet."""
    from studies.report.sheets.photos import photo_sheet
    from studies.training.prepare import prepare_photos

    with progress_bar(f"prepare {trigger}") as advance:
        prepared = prepare_photos(
            photos,
            out,
            kind=kind,
            trigger=trigger,
            size=size,
            parser=parser,
            tagger=tagger,
            tags=tags,
            plan=plan,
            caption_reg=caption_reg,
            reg_class=reg_class,
            boxes=boxes,
            left_to_trigger=left_to_trigger,
            progress=lambda done, total: advance(done, total, ""),
        )
    return prepared, photo_sheet(prepared.manifest, out)


def describe(prepared: Prepared) -> list[str]:
    manifest = prepared.manifest
    lines = [f"{prepared.pictures} photos -> {prepared.out}"]
    for name, sizes in prepared.sizes.items():
        repeats = manifest.train_repeats if name == "train" else manifest.reg_repeats
        shown = ", ".join(f"{n} of {w}x{h}" for (w, h), n in sorted(sizes.items()))
        under = f", trained under '{manifest.reg_token}'" if name == "reg" else ""
        lines.append(f"  {name}: {shown}, each {repeats} times an epoch{under}")
    lines += [f"  set aside: {a.file} ({a.why})" for a in manifest.set_aside]
    return lines + [f"  advice: {line}" for line in manifest.warnings]

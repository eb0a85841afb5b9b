"""demo: the whole way on the paper-doll lab."""

from __future__ import annotations

import json
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.language.translate import said
from studies.cli.progress.choose import choose_callback
from studies.cli.progress.console import console, print_line
from studies.cli.progress.signals import interrupted_by_signals
from studies.cli.progress.terminal_picture import print_large
from studies.project.typed import shown

if TYPE_CHECKING:
    from studies.paperdoll.demo import Demo

STAGES = (
    ("photos", "24 photos of each of three products"),
    ("prepare", "three training sets with captions and regularisation"),
    ("train", "{trained} on the lab's base"),
    ("scout", "{scout} seeds at the start weights, then lock the soundest"),
    ("run", "7 images to calibrate, then at most {trials} to search and prove; the next seed if nothing is feasible"),
    ("grid", "9 images: dress x shoes around the pick"),
    ("export", "the pick as PNG with A1111 settings, and as text"),
)


class Trained(StrEnum):
    """The LoRAs that the demo trains before one's eyes."""

    SHOES = "shoes"
    ALL = "all"


MINUTES = {Trained.SHOES: "about six minutes", Trained.ALL: "about fifteen minutes"}


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="where everything is made")] = Path("demo"),
    train: Annotated[
        Trained, typer.Option(help="the LoRAs trained here; the others are those that ship, made by the same code")
    ] = Trained.SHOES,
    scout: Annotated[int, typer.Option(min=1, help="seeds to scout")] = 16,
    trials: Annotated[int, typer.Option(min=4, help="images to search and prove")] = 20,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="passes over each training set, not the preset's; fewer train weaker LoRAs sooner")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """The whole way on the paper-doll lab, nothing downloaded. A second demo in the same folder goes on from the first."""
    from studies.paperdoll.demo import run_demo

    began = time.monotonic()
    trained = {
        Trained.SHOES: "the LoRA of the shoes (face and dress are those that ship; --train all trains all three)",
        Trained.ALL: "three LoRAs",
    }[train]
    names = ("shoes",) if train is Trained.SHOES else ("face", "dress", "shoes")
    print_line(said("The paper-doll demo, {minutes} on one or two processor cores:", minutes=said(MINUTES[train])))
    for name, what in STAGES:
        print_line(f"  {name:<8} {said(what, trained=said(trained), scout=scout, trials=trials)}")
    callback = choose_callback()
    with interrupted_by_signals(), callback.watching():
        made = run_demo(folder, names, scout, trials, epochs, callback)
    _print(made, time.monotonic() - began, as_json)
    if made.outcome.pick is None:
        raise typer.Exit(1)


def _print(demo: Demo, seconds: float, as_json: bool) -> None:
    """Exports the pick and prints where everything lies."""
    from studies.export.export import export_to
    from studies.report.verdict import describe

    study, outcome = demo.study, demo.outcome
    places = {"grid": str(demo.grid), "pictures": str(study.workspace.pictures)}
    if outcome.pick is not None:
        places |= {"png": str(export_to(study, outcome, "png").paths[0])}
        places |= {"a1111": str(export_to(study, outcome, "a1111").paths[0])}
    if as_json:
        typer.echo(json.dumps({**outcome.as_json(), "minutes": round(seconds / 60, 2), **places}, indent=1))
        return
    for name, place in places.items():
        typer.echo(f"{name:<10} {place}")
    typer.echo(said("done in {minutes:.1f} min", minutes=seconds / 60))
    if (trial := outcome.shown) is not None:
        print_large(console(), trial.image, hidden=trial.bare)
    for line in describe(outcome):
        print_line(line)
    place = shown(study.folder)
    print_line(said("see more: huanhua serve {study}, where one dresses her, or huanhua lookbook {study}", study=place))

"""demo: photos -> three LoRAs -> scouting -> one locked seed -> the smallest weights, on the paper-doll lab.

Every step is the verb that a user's own study takes; only the photos and the study file are written for them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studies.cli.console import say
from studies.cli.options import open_study, open_tracker

if TYPE_CHECKING:
    from studies.building import Study
    from studies.outcome import Outcome
    from studies.paperdoll.study import Outfit
    from studies.tracking import Tracker

STAGES = (
    ("photos", "24 photos of each of three products"),
    ("prepare", "three training sets with captions and regularisation"),
    ("train", "three LoRAs on the lab's base"),
    ("scout", "16 seeds at the start weights, then lock the soundest"),
    ("run", "13 images to calibrate, then at most 20 to search and prove; the next seed if nothing is feasible"),
    ("grid", "9 images: dress x shoes around the pick"),
    ("export", "the pick as PNG with A1111 settings, and as text"),
)


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="where everything is made")] = Path("demo"),
    scout: Annotated[int, typer.Option(min=1, help="seeds to scout")] = 16,
    trials: Annotated[int, typer.Option(min=4, help="images to search and prove")] = 20,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="passes over each training set, not the preset's; fewer train weaker LoRAs sooner")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """The whole way on the paper-doll lab, nothing downloaded. A second demo in the same folder goes on from the first."""
    from studies.cli.search import close
    from studies.faults import one_line
    from studies.lease import only_runner
    from studies.paperdoll.study import BESIDE, OUTFITS

    began = time.monotonic()
    say("The paper-doll demo, about fifteen minutes on one or two processor cores:")
    for name, what in STAGES:
        say(f"  {name:<8} {what}")
    make_data(folder)
    settings = [f"plan.epochs={epochs}"] if epochs is not None else []
    made: dict[str, Path] = {}
    for outfit in OUTFITS:
        made[outfit.product] = lora_of(outfit, folder, settings, [made[worn] for worn in BESIDE[outfit.product]])
    study = open_study(folder, None)
    study.workspace.make()
    with one_line(), only_runner(study.storage_url, study.spec.name, say) as lease:
        tracker = open_tracker(study)
        try:
            outcome, grid = search(study, scout, trials, tracker, lease.check)
        finally:
            close(tracker)
    finish(study, outcome, grid, time.monotonic() - began, as_json)
    if outcome.pick is None:
        raise typer.Exit(1)


def make_data(folder: Path) -> None:
    """Study file, photos and training sets, each unless it is there already."""
    from models.files import write_whole
    from studies.paperdoll.frozen import check
    from studies.paperdoll.study import OUTFITS, study_text

    check()
    if not (folder / "study.yaml").exists():
        write_whole(folder / "study.yaml", study_text(folder).encode())
    for outfit in OUTFITS:
        training_set_of(outfit, folder)


def training_set_of(outfit: Outfit, folder: Path, *, caption_reg: bool | None = None) -> None:
    """Photos of a product and the training set of them, in `folder`, unless they are there already.

    Wearers have captions as `caption_reg` says, or else as is best for the kind: all but those of clothing (decision 0023).
    """
    from studies.cli.data import describe, prepare_showing
    from studies.paperdoll.bundle import WEIGHTS
    from studies.paperdoll.photos import write_photos
    from studies.paperdoll.study import LEFT_TO_TRIGGER, PHOTOS, SIZE
    from trainers.preset import preset

    photos, dataset = folder / "photos" / outfit.name, folder / "data" / outfit.name
    if not photos.exists():
        write_photos(outfit.product, photos, PHOTOS)
    if dataset.exists():
        say(f"prepare {outfit.product}: done already")
        return
    prepared, _ = prepare_showing(
        photos, dataset, kind=outfit.kind, trigger=outfit.product, size=SIZE, parser=str(WEIGHTS / "parser"),
        tagger=str(WEIGHTS / "tagger"), left_to_trigger=LEFT_TO_TRIGGER,
        caption_reg=outfit.kind != "clothing" if caption_reg is None else caption_reg,
        plan=preset("lab", outfit.kind).plan,
    )  # fmt: skip
    for line in describe(prepared):
        say(line)


def lora_of(outfit: Outfit, folder: Path, settings: Sequence[str] = (), beside: Sequence[Path] = ()) -> Path:
    """The LoRA of a product, trained on its set in `folder` beside those it is worn with; a finished one is left as it is."""
    from studies.cli.data import describe_training, train_showing
    from studies.paperdoll.bundle import WEIGHTS

    out = folder / "loras" / f"{outfit.product}.safetensors"
    trained = train_showing(
        folder / "data" / outfit.name,
        out,
        base=str(WEIGHTS / "base"),
        kind=outfit.kind,
        trigger=outfit.product,
        family="lab",
        settings=settings,
        beside=beside,
    )
    for line in describe_training(trained):
        say(line)
    return out


def search(study: Study, seeds: int, trials: int, tracker: Tracker, may_write: Callable[[], None]) -> tuple[Outcome, Path]:
    """Scouts, locks and runs the soundest seed, or the next where nothing is feasible; draws the grid around the pick."""
    from studies.cli.search import run_one, scout_study
    from studies.scouting import lock

    found, _ = scout_study(study, seeds, tracker)
    for seed in _worth_a_try(study, [s.seed for s in found]):
        lock(study, [seed])
        say(f"locked seed {seed}")
        outcome = run_one(study, seed, trials, tracker, may_write=may_write)
        if outcome.pick is not None:
            break
    return outcome, _grid(study, outcome, tracker)


def _worth_a_try(study: Study, ranked: Sequence[int]) -> list[int]:
    """The seeds that are locked already, then the soundest: as many as the study keeps."""
    from studies.scouting import locked_seeds
    from studies.spec import SeedsSection

    keep = study.spec.seeds.keep if isinstance(study.spec.seeds, SeedsSection) else len(study.spec.seeds)
    return list(dict.fromkeys([*locked_seeds(study), *ranked]))[:keep]


def _grid(study: Study, outcome: Outcome, tracker: Tracker) -> Path:
    from studies.axes import WeightAxis
    from studies.before_trials import judge_for
    from studies.cli.grid import draw_grid
    from studies.cli.search import announce
    from studies.gridding import Grid, missing

    judge, _ = judge_for(study, outcome.seed, lambda: None)
    centre = outcome.pick.point if outcome.pick else study.start
    dress, shoes = (WeightAxis(name, _around(study, name, centre.weights[name])) for name in ("dress", "shoes"))
    grid = Grid(outcome.seed, centre, dress, shoes)
    announce(study, "grid dress x shoes", len(missing(study, grid.jobs())))
    return draw_grid(study, {outcome.seed: judge}, grid, tracker).path


def _around(study: Study, name: str, weight: float) -> tuple[float, ...]:
    """The weight, and two steps below and above it."""
    axis = study.space.weights[name]
    return tuple(dict.fromkeys(axis.snap(weight + k * axis.step) for k in (-2, 0, 2)))


def finish(study: Study, outcome: Outcome, grid: Path, seconds: float, as_json: bool) -> None:
    """Exports the pick and says where everything is."""
    from studies.cli.export import export_pick

    places = {"grid": str(grid), "pictures": str(study.workspace.pictures)}
    if outcome.pick is not None:
        places |= {"png": str(export_pick(study, outcome, "png")), "a1111": str(export_pick(study, outcome, "a1111"))}
    if as_json:
        typer.echo(json.dumps({**outcome.as_json(), "minutes": round(seconds / 60, 2), **places}, indent=1))
        return
    for name, place in places.items():
        typer.echo(f"{name:<10} {place}")
    typer.echo(f"dashboards huanhua dashboards {study.root}")
    typer.echo(f"done in {seconds / 60:.1f} min")

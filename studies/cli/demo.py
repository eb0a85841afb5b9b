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

from studies.cli.options import open_study, open_tracker
from studies.cli.progress.console import say

if TYPE_CHECKING:
    from studies.run.outcome import Outcome
    from studies.study import Study
    from studies.tracking.base import Tracker
from studies.paperdoll.trained_loras import lora_of, make_data

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
    from studies.cli.announce import close
    from studies.paperdoll.study import BESIDE, OUTFITS
    from studies.run.errors import one_line
    from studies.run.lease import only_runner

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


def search(study: Study, seeds: int, trials: int, tracker: Tracker, may_write: Callable[[], None]) -> tuple[Outcome, Path]:
    """Scouts, locks and runs the soundest seed, or the next where nothing is feasible; draws the grid around the pick."""
    from studies.pipeline import run_one, scout_study
    from studies.run.scouting import lock

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
    from studies.run.scouting import locked_seeds
    from studies.spec import SeedsSection

    keep = study.spec.seeds.keep if isinstance(study.spec.seeds, SeedsSection) else len(study.spec.seeds)
    return list(dict.fromkeys([*locked_seeds(study), *ranked]))[:keep]


def _grid(study: Study, outcome: Outcome, tracker: Tracker) -> Path:
    from studies.cli.announce import announce
    from studies.grid.axes import WeightAxis
    from studies.grid.draw import draw_grid
    from studies.grid.grid import Grid, missing
    from studies.run.before_trials import judge_for

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

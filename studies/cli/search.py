"""scout, lock, run: from random seeds to the smallest weights."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import InputError
from studies.cli.console import Advance, bar, console, say
from studies.cli.options import JsonOption, StudyArgument, WorkspaceOption, open_study, open_tracker

if TYPE_CHECKING:
    from studies.building import Study
    from studies.outcome import Outcome
    from studies.running import TrialDone
    from studies.scouting import Scouted
    from studies.tracking import Tracker


def register(app: typer.Typer) -> None:
    app.command()(scout)
    app.command()(lock)
    app.command()(run)


def scout(
    study: StudyArgument,
    seeds: Annotated[int | None, typer.Option(help="how many random seeds")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw random seeds at the start weights and rank them; then lock one."""
    opened = open_study(study, workspace)
    tracker = open_tracker(opened)
    try:
        found, picture = scout_study(opened, seeds, tracker)
    finally:
        close(tracker)
    if as_json:
        ranked = [{"seed": s.seed, "faults": list(s.faults), "hands": s.hands, "image": str(s.evaluation.image)} for s in found]
        typer.echo(json.dumps({"seeds": ranked, "sheet": str(picture)}))
        return
    for place, s in enumerate(found, 1):
        typer.echo(f"{place:>3}. {s.seed:<11} {', '.join(s.faults) or 'sound':<28} hands {s.hands:.2f}")
    typer.echo(picture)


def scout_study(study: Study, seeds: int | None, tracker: Tracker) -> tuple[list[Scouted], Path]:
    from studies.cli.pictures import scout_sheet
    from studies.scouting import locked_seeds
    from studies.scouting import scout as look
    from studies.spec import SeedsSection

    count = seeds or (study.spec.seeds.scout if isinstance(study.spec.seeds, SeedsSection) else 16)
    announce(study, "scout", count)
    with bar("scout", count) as advance:
        found = look(study, count, counter(advance))
    picture = scout_sheet(study.workspace, found, locked_seeds(study))
    tracker.log_picture(None, "scout.png", picture)
    return found, picture


def lock(
    study: StudyArgument,
    seeds: Annotated[list[int], typer.Argument(metavar="SEED...", help="seeds whose composition is sound")],
    workspace: WorkspaceOption = None,
) -> None:
    """Lock seeds: their weights will be searched."""
    from studies.scouting import lock as keep

    opened = open_study(study, workspace)
    bad = [s for s in seeds if not 0 <= s < 2**32]
    if bad:
        raise InputError(f"no seed: {bad[0]}", "lock", "seeds are whole numbers from 0 to 4294967295")
    opened.workspace.make()
    typer.echo("locked: " + ", ".join(str(s) for s in keep(opened, seeds)))


def run(
    study: StudyArgument,
    seed: Annotated[list[int] | None, typer.Option("--seed", help="only these locked seeds")] = None,
    trials: Annotated[int | None, typer.Option(min=4, help="images a seed, proof included")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Search the smallest weights for each locked seed. The same command resumes."""
    from studies.scouting import locked_seeds

    opened = open_study(study, workspace)
    opened.workspace.make()
    chosen = seed or locked_seeds(opened)
    if not chosen:
        raise InputError("no seed is locked", study, "run `huanhua scout STUDY`, then `huanhua lock STUDY SEED`")
    tracker = open_tracker(opened)
    try:
        outcomes = [run_one(opened, s, trials or opened.spec.search.trials, tracker) for s in chosen]
    finally:
        close(tracker)
    if not all(o.pick for o in outcomes):
        raise typer.Exit(1)


def run_one(study: Study, seed: int, budget: int, tracker: Tracker) -> Outcome:
    """One seed: what comes before the trials, the trials, the pictures; all of it logged."""
    from studies.cli.pictures import ladder_sheet, proof_sheet, trials_sheet
    from studies.cli.show import describe
    from studies.running import images_before_trials, judge_for, run_seed

    before = images_before_trials(study)
    announce(study, f"seed {seed}: calibrate {before} images, then search", before + budget)
    tracker.start_seed(seed, seed_params(study, seed), {"study": study.spec.name})
    with bar("calibrate", before) as advance:
        judge, ladders = judge_for(study, seed, counter(advance))
    tracker.log_picture(seed, "ladders.png", ladder_sheet(study.workspace, ladders))
    calibration = {n: c.to_json() for n, c in judge.calibrations.items()}
    tracker.log_text(seed, "calibration.json", json.dumps(calibration, indent=1))
    with bar(f"seed {seed}", budget) as advance:
        outcome = run_seed(study, seed, judge=judge, budget=budget, tracker=tracker, told=teller(advance))
    tracker.log_picture(seed, "trials.png", trials_sheet(study.workspace, outcome))
    proof = proof_sheet(study.workspace, outcome)
    if proof is not None:
        tracker.log_picture(seed, "proof.png", proof)
    tracker.log_text(seed, "pick.json", json.dumps(outcome.as_json(), indent=1))
    metrics = outcome.record(outcome.pick).metrics() if outcome.pick else {"feasible": 0.0}
    tracker.finish(seed, {**metrics, "trials": float(len(outcome.trials))}, {"feasible": "yes" if outcome.pick else "no"})
    for line in describe(outcome):
        say(line)
    say(f"  stopped    {outcome.stopped}")
    return outcome


def seed_params(study: Study, seed: int) -> dict[str, str | int | float]:
    spec = study.spec
    params: dict[str, str | int | float] = {"seed": seed, "base": spec.base.checkpoint, "sampler": spec.render.sampler}
    params |= {"steps": spec.render.steps, "cfg": spec.render.cfg, "size": f"{spec.render.width}x{spec.render.height}"}
    params |= {f"lora.{n}": f"{s.file} {study.loras[n].hash}" for n, s in spec.loras.items()}
    params |= {f"require.{n}": v for n, v in study.require().items()}
    return params | {"prompt": spec.prompt[:500]}


def announce(study: Study, what: str, images: int) -> None:
    """Says before any rendering how many images it will take at most, and how long."""
    study.workspace.make()
    say(f"{what}: at most {images} images, about {minutes(images * study.renderer.seconds_an_image())}")


def minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"


def counter(advance: Advance) -> Callable[[], None]:
    """A callback that counts images on a bar."""
    done = itertools.count(1)
    return lambda: advance(next(done), "")


def teller(advance: Advance) -> Callable[[TrialDone], None]:
    """Shows each trial as it ends: on a terminal beside the bar, else as a plain line."""
    plain = not console().is_terminal

    def told(done: TrialDone) -> None:
        best = f"best total {done.best.cost:.2f}" if done.best else "nothing feasible yet"
        advance(done.record.number + 1, best)
        if plain:
            outcome = "meets all" if done.record.judged.feasible else "breaks " + ", ".join(done.record.breaks())
            weights = "  ".join(f"{n} {w:.2f}" for n, w in done.record.judged.point.weights.items())
            say(f"  {done.record.number:>3} {done.record.phase:<7} {weights}  {outcome}; {best}")

    return told


def close(tracker: Tracker) -> None:
    """Waits for what is still being logged and says what could not be."""
    missing = tracker.close()
    if missing.titles:
        say(f"not logged to MLflow: {len(missing.titles)} records ({missing.reason}); the study itself is whole")

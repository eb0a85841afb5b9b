"""scout, lock, run: from random seeds to the smallest weights."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import InputError
from studies.cli.console import Advance, bar, minutes, say
from studies.cli.options import BlurOption, JsonOption, StudyArgument, WorkspaceOption, open_study, open_tracker

if TYPE_CHECKING:
    from studies.building import Study
    from studies.cli.watching import Watcher
    from studies.outcome import Outcome
    from studies.scouting import Scouted
    from studies.tracking import Tracker


AGAIN = "the same command logs them later, and draws nothing again"


def register(app: typer.Typer) -> None:
    app.command()(scout)
    app.command()(lock)
    app.command()(run)
    app.command()(swap)


def scout(
    study: StudyArgument,
    seeds: Annotated[int | None, typer.Option(help="how many random seeds")] = None,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw random seeds at the start weights and rank them; then lock one."""
    opened = open_study(study, workspace)
    tracker = open_tracker(opened)
    try:
        found, picture = scout_study(opened, seeds, tracker, blurred=blur)
    finally:
        close(tracker, later=AGAIN)
    if as_json:
        ranked = [{"seed": s.seed, "faults": list(s.faults), "hands": s.hands, "image": str(s.evaluation.image)} for s in found]
        typer.echo(json.dumps({"seeds": ranked, "sheet": str(picture)}))
        return
    for place, s in enumerate(found, 1):
        typer.echo(f"{place:>3}. {s.seed:<11} {', '.join(s.faults) or 'sound':<28} hands {s.hands:.2f}")
    typer.echo(picture)


def scout_study(study: Study, seeds: int | None, tracker: Tracker, *, blurred: bool = True) -> tuple[list[Scouted], Path]:
    from studies.cli.pictures import scout_sheet
    from studies.scouting import locked_seeds
    from studies.scouting import scout as look
    from studies.spec import SeedsSection

    count = seeds or (study.spec.seeds.scout if isinstance(study.spec.seeds, SeedsSection) else 16)
    announce(study, "scout", count)
    with bar("scout", count) as advance:
        found = look(study, count, counter(advance))
    made = scout_sheet(study.workspace, found, locked_seeds(study), blurred=blurred)
    tracker.log_picture(None, "scout.png", made.copy)
    return found, made.path


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
    fork: Annotated[
        Path | None, typer.Option(metavar="DIR", help="start a new study in this folder from the trials that still hold")
    ] = None,
    ray: Annotated[
        str | None, typer.Option("--ray", metavar="local|auto|ADDRESS", help="draw on a Ray cluster, one worker a GPU")
    ] = None,
    ray_workers: Annotated[int | None, typer.Option(min=1, help="so many workers on CPU slots, not one a GPU")] = None,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="print one JSON event a line: plan, calibration, trial, pick, done")
    ] = False,
) -> None:
    """Search the smallest weights for each locked seed. The same command resumes."""
    from studies.cli.watching import watcher
    from studies.faults import one_line
    from studies.lease import only_runner
    from studies.scouting import locked_seeds

    opened = open_study(study, workspace)
    opened.workspace.make()
    if fork is not None:
        opened = forked(opened, study, fork)
    chosen = seed or locked_seeds(opened)
    if not chosen:
        raise InputError("no seed is locked", study, "run `huanhua scout STUDY`, then `huanhua lock STUDY SEED`")
    budget = trials or opened.spec.search.trials
    with one_line(), only_runner(opened.storage_url, opened.spec.name, say) as lease:
        tracker, watch = open_tracker(opened), watcher(as_json)
        try:
            outcomes = run_all(opened, chosen, budget, tracker, watch, lease.check, ray, ray_workers, blurred=blur)
        finally:
            close(tracker)
    watch.ended(outcomes)
    if not all(o.pick for o in outcomes):
        raise typer.Exit(1)


def swap(
    study: StudyArgument,
    change: Annotated[str, typer.Argument(metavar="LORA=FILE", help="such as dress=other.safetensors")],
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="the new study's folder; beside the old one")] = None,
    references: Annotated[
        Path | None, typer.Option(metavar="DIR", help="photos of what the new LoRA shows; by default beside the old ones")
    ] = None,
    trigger: Annotated[str | None, typer.Option(help="its trigger word, unless its file names it")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The same face and seed, the next dress: a new study that learns from this one what still holds."""
    from studies.spec import study_file
    from studies.swapping import parse_swap
    from studies.swapping import swap as make

    opened = open_study(study, workspace)
    name, file = parse_swap(change, opened)
    folder = to or opened.root.resolve().parent / f"{opened.root.resolve().name}-{file.stem}"
    text = study_file(study).read_text(encoding="utf-8")
    made = make(opened, text, name, file, folder, references=references, trigger=trigger)
    say(f"prompt: {made.spec.prompt}")
    say(f"from now on: huanhua run {folder}")


def forked(study: Study, path: Path, folder: Path) -> Study:
    from studies.forking import fork
    from studies.records import ledger_of
    from studies.spec import study_file

    made, counts = fork(study, study_file(path).read_text(encoding="utf-8"), folder, ledger_of)
    for seed, count in counts.items():
        say(f"seed {seed}: {count} trials still hold")
    say(f"from now on: huanhua run {folder}")
    return made


def run_all(
    study: Study,
    seeds: list[int],
    budget: int,
    tracker: Tracker,
    watch: Watcher,
    may_write: Callable[[], None],
    ray: str | None,
    workers: int | None,
    *,
    blurred: bool,
) -> list[Outcome]:
    """One seed after the other here; all of them at the same time on Ray."""
    if ray is None:
        return [run_one(study, seed, budget, tracker, watch, may_write, blurred=blurred) for seed in seeds]
    from studies.workers import on_ray

    with on_ray(study, ray, workers):
        return run_together(study, seeds, budget, tracker, watch, may_write, blurred=blurred)


def run_one(
    study: Study,
    seed: int,
    budget: int,
    tracker: Tracker,
    watch: Watcher | None = None,
    may_write: Callable[[], None] = lambda: None,
    *,
    blurred: bool = True,
) -> Outcome:
    from studies.cli.watching import watcher

    watch = watch or watcher(as_json=False)
    return run_together(study, [seed], budget, tracker, watch, may_write, blurred=blurred)[0]


def run_together(
    study: Study,
    seeds: list[int],
    budget: int,
    tracker: Tracker,
    watch: Watcher,
    may_write: Callable[[], None],
    *,
    blurred: bool,
) -> list[Outcome]:
    """What comes before the trials of each seed, the trials, the pictures; all of it logged. `watch` is told as it goes."""
    from studies.before_trials import images_before_trials, judge_for
    from studies.cli.figures import show_figures
    from studies.cli.tracking import log_calibration, log_outcome, log_start
    from studies.cli.watching import Plan
    from studies.running import run_seeds, searching

    study.workspace.make()
    _tell_limits_once(study)
    seconds, before = study.renderer.seconds_an_image(), images_before_trials(study)
    with ExitStack() as watched:
        searches = {}
        for seed in seeds:
            told = watched.enter_context(watch.seed(Plan(seed, before, budget, seconds)))
            log_start(tracker, study, seed)
            judge, ladders = judge_for(study, seed, told.calibrated)
            log_calibration(tracker, study, seed, judge.calibrations, ladders, blurred=blurred)
            searches[seed] = searching(
                study, seed, judge=judge, budget=budget, tracker=tracker, told=told.trial, blurred=blurred, may_write=may_write
            )
        found = run_seeds(study, searches)
    outcomes = [found[seed] for seed in seeds]
    for outcome in outcomes:
        log_outcome(tracker, study, outcome, blurred=blurred)
        may_write()
        show_figures(study, outcome)
        watch.picked(outcome)
    return outcomes


def announce(study: Study, what: str, images: int) -> None:
    """Says before any rendering how many images it will take at most, and how long."""
    study.workspace.make()
    _tell_limits_once(study)
    say(f"{what}: at most {images} images, about {minutes(images * study.renderer.seconds_an_image())} to draw")


def _tell_limits_once(study: Study) -> None:
    """What the licences of the scorers' models forbid, said once in a workspace."""
    from models.catalogue import limits_of_use

    found = limits_of_use(study.spec.scorers.face.pack, study.spec.scorers.parts.model or "")
    if found and study.workspace.read("licences-told") != found:
        for line in found:
            say(f"licence: {line}")
        study.workspace.write("licences-told", found)


def counter(advance: Advance) -> Callable[[], None]:
    """A callback that counts images on a bar."""
    done = itertools.count(1)
    return lambda: advance(next(done), "")


def close(tracker: Tracker, wait_s: float = 60.0, later: str = "`huanhua track STUDY` logs them later") -> bool:
    """Waits for what is still being logged and says what could not be, which is true then; `later` says how it can be."""
    missing = tracker.close(wait_s)
    if missing.titles:
        say(f"not logged to MLflow: {len(missing.titles)} records ({missing.reason}); the study itself is whole, and {later}")
    return bool(missing.titles)

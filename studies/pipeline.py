"""The main job as functions: scout a study, run its seeds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from studies.cli.progress.console import bar, say

if TYPE_CHECKING:
    from studies.cli.progress.callback import RunCallback
    from studies.run.outcome import Outcome
    from studies.run.scouting import Scouted
    from studies.study import Study
    from studies.tracking.base import Tracker
from studies.cli.announce import _tell_limits_once, announce, counter


def scout_study(study: Study, seeds: int | None, tracker: Tracker, *, blurred: bool = True) -> tuple[list[Scouted], Path]:
    from studies.report.sheets.scouting import scout_sheet
    from studies.run.scouting import locked_seeds
    from studies.run.scouting import scout as look
    from studies.spec import SeedsSection

    count = seeds or (study.spec.seeds.scout if isinstance(study.spec.seeds, SeedsSection) else 16)
    announce(study, "scout", count)
    with bar("scout", count) as advance:
        found = look(study, count, counter(advance))
    made = scout_sheet(study.workspace, found, locked_seeds(study), blurred=blurred)
    tracker.log_picture(None, "scout.png", made.copy)
    return found, made.path


def forked(study: Study, path: Path, folder: Path) -> Study:
    from studies.derive.fork import fork
    from studies.run.trials import trial_store_of
    from studies.spec import study_file

    made, counts = fork(study, study_file(path).read_text(encoding="utf-8"), folder, trial_store_of)
    for seed, count in counts.items():
        say(f"seed {seed}: {count} trials still hold")
    say(f"from now on: huanhua run {folder}")
    return made


def run_all(
    study: Study,
    seeds: list[int],
    budget: int,
    tracker: Tracker,
    watch: RunCallback,
    may_write: Callable[[], None],
    ray: str | None,
    workers: int | None,
    *,
    blurred: bool,
) -> list[Outcome]:
    """One seed after the other here; all of them at the same time on Ray."""
    if ray is None:
        return [run_one(study, seed, budget, tracker, watch, may_write, blurred=blurred) for seed in seeds]
    from studies.backends.ray import on_ray

    with on_ray(study, ray, workers):
        return run_together(study, seeds, budget, tracker, watch, may_write, blurred=blurred)


def run_one(
    study: Study,
    seed: int,
    budget: int,
    tracker: Tracker,
    watch: RunCallback | None = None,
    may_write: Callable[[], None] = lambda: None,
    *,
    blurred: bool = True,
) -> Outcome:
    from studies.cli.progress.choose import choose_callback

    watch = watch or choose_callback(as_json=False)
    return run_together(study, [seed], budget, tracker, watch, may_write, blurred=blurred)[0]


def run_together(
    study: Study,
    seeds: list[int],
    budget: int,
    tracker: Tracker,
    watch: RunCallback,
    may_write: Callable[[], None],
    *,
    blurred: bool,
) -> list[Outcome]:
    """What comes before the trials of each seed, the trials, the pictures; all of it logged. `watch` is told as it goes."""
    from studies.cli.progress.callback import Plan
    from studies.report.log import log_calibration, log_outcome, log_start
    from studies.report.optuna_figures import show_figures
    from studies.run.before_trials import images_before_trials, judge_for
    from studies.run.seed_search import run_seeds, searching

    study.workspace.make()
    _tell_limits_once(study)
    seconds, before = study.renderer.seconds_per_image(), images_before_trials(study)
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

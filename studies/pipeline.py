"""The main jobs as functions: scout a study, run its seeds, overrule a pick, log what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from models.language.translate import phrase
from studies.callback import RunCallback, SilentCallback, image_counter

if TYPE_CHECKING:
    from studies.callback import Callback
    from studies.run.outcome import Outcome
    from studies.run.scouting import Scouted
    from studies.run.seed_search import Search
    from studies.study import Study
    from studies.tracking.base import Tracker


DEFAULT_SCOUT: Final = 16
"""Seeds to scout where the study file lists its own."""
FEWEST_TRIALS: Final = 4
SEED_RECORDS: Final = 8
"""Records that are logged for a seed besides its trials."""
RECORD_WAIT_S: Final = 2.0
SHORTEST_WAIT_S: Final = 60.0
"""Time that `track_study` gives the tracking server, a record and at least."""

NOT_BEGUN: Final = "not begun, since the run was stopped: seed {seeds}"


class RunLease(Protocol):
    """The right to write to a study, and what was asked of the run that has it: `studies.run.lease.Lease`."""

    def check(self) -> None:
        """Raises InputError if another runner has taken the study over."""

    def stop_asked(self, seed: int) -> bool:
        """Whether the search of `seed` was asked to end."""

    def stop_all_asked(self) -> bool:
        """Whether the whole run was asked to end."""


class Scouting(NamedTuple):
    """The scouted seeds, the soundest first, and their contact sheet."""

    ranked: list[Scouted]
    sheet: Path


def scout_study(
    study: Study,
    count: int | None = None,
    *,
    tracker: Tracker | None = None,
    callback: Callback | None = None,
    blurred: bool = True,
) -> Scouting:
    """Draws `count` random seeds at the start weights, as many as the study file asks for by default, and ranks them.

    The study's own tracker is opened and closed unless one is given. `blurred` blurs figures with little clothing in it.
    """
    from optimizer.evaluate.stored_images import missing_images
    from studies.announce import announce
    from studies.report.sheets.scouting import scout_sheet
    from studies.run.scouting import locked_seeds, scout, scout_jobs
    from studies.study import check_study
    from studies.tracking.study_tracker import LATER_BY_REPEATING, study_tracker

    check_study(study)
    callback, count = callback or SilentCallback(), _scout_count(study) if count is None else count
    _check_whole(count, "count", 1)
    with study_tracker(study, callback, LATER_BY_REPEATING) if tracker is None else nullcontext(tracker) as opened:
        announce(study, callback, "scout", len(missing_images(study.everywhere, scout_jobs(study, count))), everywhere=True)
        with callback.progress("scout") as advance:
            ranked = scout(study, count, image_counter(advance, count))
        sheet = scout_sheet(study.workspace, ranked, locked_seeds(study), blurred=blurred)
        opened.log_picture(None, "scout.png", sheet.copy)
    return Scouting(ranked, sheet.path)


def run_study(
    study: Study,
    seeds: Sequence[int] = (),
    *,
    trials: int | None = None,
    tracker: Tracker | None = None,
    callback: RunCallback | None = None,
    blurred: bool = True,
    ray: str | None = None,
    ray_workers: int | None = None,
) -> list[Outcome]:
    """Searches the smallest weights of each seed, the locked ones by default. A second call resumes.

    `trials` is the most images a seed, proof included; the study file's number by default. The study's own tracker is opened and
    closed unless one is given. `blurred` blurs figures with little clothing in it. `ray` is the address of a cluster. There,
    and where several servers draw, all seeds run at the same time; else they run one after the other.

    Raises InputError for what is no seed or too few trials, if no seed is locked, another process runs this study, or its stored
    trials are no longer valid or are those of another study of its name.
    """
    from studies.announce import report_places
    from studies.run.errors import one_line
    from studies.run.lease import only_runner
    from studies.run.scouting import tell_unseen
    from studies.run.shared_storage.ownership import claim
    from studies.study import check_study
    from studies.tracking.study_tracker import study_tracker

    check_study(study)
    callback = callback or SilentCallback()
    for seed in seeds:
        _check_whole(seed, "seeds", 0, study.spec.draw.largest_seed)
    for value, name, least in ((trials, "trials", FEWEST_TRIALS), (ray_workers, "ray_workers", 1)):
        if value is not None:
            _check_whole(value, name, least)
    study.workspace.make()
    report_places(study, callback)
    chosen = list(dict.fromkeys(seeds)) or _locked_seeds(study)
    tell_unseen(study, seeds, callback)
    with one_line(), ExitStack() as stack:
        claim(study)
        lease = stack.enter_context(only_runner(study.storage_url, study.spec.name, callback.message))
        opened = stack.enter_context(study_tracker(study, callback)) if tracker is None else tracker
        if ray is not None:
            from studies.backends.ray import on_ray

            study = stack.enter_context(on_ray(study, ray, ray_workers))
        alone = ray is None and study.backend.width() == 1
        together = [[seed] for seed in chosen] if alone else [chosen]
        outcomes: list[Outcome] = []
        for group in together:
            if outcomes and (callback.stop_asked() or lease.stop_all_asked()):
                callback.message(phrase(NOT_BEGUN, seeds=", ".join(str(seed) for seed in group)))
                continue
            outcomes += run_seeds_together(study, group, trials, opened, callback, lease, blurred=blurred)
    callback.on_end(outcomes)
    return outcomes


def run_seeds_together(
    study: Study,
    seeds: Sequence[int],
    trials: int | None,
    tracker: Tracker,
    callback: RunCallback,
    lease: RunLease,
    *,
    blurred: bool,
) -> list[Outcome]:
    """Calibrates and searches several seeds at the same time, under a lease that the caller has taken; all of it is logged.

    Raises InputError, before anything is stored, if another runner has taken the study over.
    """
    from studies.announce import report_licences, report_prices, seed_plan
    from studies.report.log import closed_if_interrupted, log_calibration, log_outcome, log_start
    from studies.report.optuna_figures import show_figures
    from studies.run.calibration import calibrate
    from studies.run.seed_search import run_seeds, search_seed
    from studies.run.trials import trusted_trials

    budget = study.spec.search.trials if trials is None else trials
    study.workspace.make()
    study.backend.report_to(callback)
    report_licences(study, callback)
    report_prices(study, callback)
    seconds = study.seconds_per_image()

    def stop_asked(seed: int) -> bool:
        return callback.stop_asked() or lease.stop_asked(seed)

    with trusted_trials(study, seeds), closed_if_interrupted(tracker, seeds), ExitStack() as entered:
        searches: dict[int, Search] = {}
        for seed in seeds:
            # Calibrating takes minutes a seed: a run that was stopped meanwhile ends with the seeds that were begun.
            if searches and (callback.stop_asked() or lease.stop_all_asked()):
                callback.message(phrase(NOT_BEGUN, seeds=", ".join(str(other) for other in seeds if other not in searches)))
                break
            seed_callback = entered.enter_context(callback.seed(seed_plan(study, seed, budget, seconds)))
            log_start(tracker, study, seed)
            calibrated = calibrate(study, seed, seed_callback.on_calibration_image)
            for note in calibrated.notes():
                callback.message(phrase("seed {seed}: {what}", seed=seed, what=note))
            log_calibration(tracker, study, seed, calibrated.judge.calibrations, calibrated.ladders, blurred=blurred)
            searches[seed] = search_seed(
                study,
                seed,
                judge=calibrated.judge,
                budget=budget,
                tracker=tracker,
                on_trial=seed_callback.on_trial,
                blurred=blurred,
                may_write=lease.check,
            )
        found = run_seeds(study, searches, stop_asked)
        study.backend.verify()
    outcomes = [found[seed] for seed in seeds if seed in found]
    for outcome in outcomes:
        log_outcome(tracker, study, outcome, blurred=blurred)
        lease.check()
        show_figures(study, outcome)
        callback.on_pick(outcome)
    return outcomes


def pick_trial(study: Study, seed: int, number: int | None, *, callback: Callback | None = None) -> Outcome:
    """Stores that a person prefers a trial to the search's pick, and logs it; None goes back to the search's pick.

    Raises InputError if there is no such trial, or another process runs this study.
    """
    from studies.report.log import log_pick
    from studies.report.optuna_figures import show_figures
    from studies.run.dashboard.notes import write_notes
    from studies.run.errors import one_line
    from studies.run.lease import only_runner
    from studies.run.shared_storage.ownership import claim
    from studies.run.stored_results import stored
    from studies.run.trials import stored_outcome, trial_store_of
    from studies.tracking.study_tracker import study_tracker

    callback, found = callback or SilentCallback(), stored(study, seed)
    _check_trial(found.outcome, number)
    # A study has one writer: a run at the same time would write its notes over these.
    claim(study)
    with one_line(), only_runner(study.storage_url, study.spec.name, callback.message):
        trial_store = trial_store_of(study, seed)
        trial_store.attributes.choose(number)
        outcome = stored_outcome(study, seed, found.judge)
        write_notes(trial_store, study.spec.name, outcome)
        show_figures(study, outcome)
        with study_tracker(study, callback) as tracker:
            log_pick(tracker, outcome, blurred=True)
    return outcome


def track_study(
    study: Study, seed: int | None = None, *, callback: Callback | None = None, blurred: bool = True
) -> tuple[list[Outcome], bool]:
    """Logs what is stored of one seed, or of all that were run: their outcomes, and whether everything could be logged."""
    from studies.report.log import log_stored
    from studies.run.errors import one_line
    from studies.run.lease import only_runner
    from studies.run.shared_storage.ownership import claim
    from studies.run.stored_results import seeds_run, stored
    from studies.tracking.study_tracker import close_study_tracker, open_study_tracker

    callback = callback or SilentCallback()
    found = [stored(study, s) for s in ([seed] if seed is not None else seeds_run(study))]
    records = sum(len(result.outcome.trials) + SEED_RECORDS for result in found)
    # A run at the same time would log the same trials a second time.
    claim(study)
    with one_line(), only_runner(study.storage_url, study.spec.name, callback.message):
        tracker = open_study_tracker(study, capacity=2 * records)
        for result in found:
            log_stored(tracker, study, result, blurred=blurred)
        incomplete = close_study_tracker(tracker, callback, wait_s=max(SHORTEST_WAIT_S, RECORD_WAIT_S * records))
    return [result.outcome for result in found], not incomplete


def _check_trial(outcome: Outcome, number: int | None) -> None:
    from models.errors import InputError

    numbers = [record.number for record in outcome.trials]
    if number is not None and number not in numbers:
        there = phrase("its trials are {first} to {last}", first=numbers[0], last=numbers[-1])
        raise InputError(phrase("no trial {number}", number=number), phrase("seed {seed}", seed=outcome.seed), there)


def _check_whole(value: object, name: str, least: int, most: int | None = None) -> None:
    """Raises InputError if an argument is no whole number of that range."""
    from models.errors import InputError

    if (
        isinstance(value, bool)
        or not isinstance(value, Integral)
        or not least <= int(value) <= (int(value) if most is None else most)
    ):
        at_least = phrase("give a whole number of at least {least}", least=least)
        mend = at_least if most is None else phrase("give a whole number from {least} to {most}", least=least, most=most)
        raise InputError(phrase("{value!r} is not for {name}", value=value, name=name), name, mend)


def _scout_count(study: Study) -> int:
    from studies.spec import SeedsSection

    return study.spec.seeds.scout if isinstance(study.spec.seeds, SeedsSection) else DEFAULT_SCOUT


def _locked_seeds(study: Study) -> list[int]:
    from models.errors import InputError
    from studies.run.scouting import locked_seeds

    locked = locked_seeds(study)
    if not locked:
        raise InputError("no seed is locked", study.spec.name, "run `huanhua scout STUDY`, then `huanhua lock STUDY SEED`")
    return locked

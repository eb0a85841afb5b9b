"""Runs the search at one locked seed: the only writer of Optuna's storage and of the tracker."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from optimizer.evaluate.base import Evaluation
from optimizer.point import Job, Point
from optimizer.search.judged import Judged
from optimizer.search.least_weight.acquisition import expected
from optimizer.search.least_weight.transfer_prior import priors_from
from optimizer.search.robustness import NEIGHBOURS, due_before_proof, reserved_for_robustness
from optimizer.search.samplers.base import Sampler
from optimizer.search.samplers.registry import design_for, sampler_for
from optimizer.search.stopping import why_stopped
from optimizer.search.strategy import Proposal, next_proposals
from optimizer.trial_store.store import TrialStore
from studies.callback import TrialEvent
from studies.run.compatibility import store_conditions
from studies.run.dashboard_notes import write_notes
from studies.run.inherited import carried
from studies.run.judge import Judge
from studies.run.outcome import Outcome, TrialRecord
from studies.run.robustness_trials import best_record, best_unchecked, draw_neighbours, judged_with_robustness, robustness_images
from studies.run.transfer import earlier_trials, trials_of_other_studies
from studies.run.trials import outcome_of, store_trial, stored_records, track_trial, trial_store_of
from studies.study import Study
from studies.tracking.base import Tracker

Search: TypeAlias = Generator[Sequence[Job], Sequence[Evaluation], Outcome]
"""The search at one seed: yields the images that it needs next, is sent what was seen in them, and ends with what it found."""


def run_seed(
    study: Study,
    seed: int,
    *,
    judge: Judge,
    budget: int,
    tracker: Tracker,
    told: Callable[[TrialEvent], None],
    blurred: bool = True,
    may_write: Callable[[], None] = lambda: None,
) -> Outcome:
    """Searches until the proof is complete or `budget` trials are done; earlier trials of this seed count, judged again.

    `may_write` is called before anything is stored, and raises if another runner has taken the study over.
    """
    search = searching(study, seed, judge=judge, budget=budget, tracker=tracker, told=told, blurred=blurred, may_write=may_write)
    return run_seeds(study, {seed: search})[seed]


def run_seeds(study: Study, searches: Mapping[int, Search]) -> dict[int, Outcome]:
    """Several seeds at once: what each wants next, drawn by as many workers as there are."""
    found: dict[int, Outcome] = {}
    wanted: dict[int, Sequence[Job]] = {}

    def go_on(seed: int, seen: Sequence[Evaluation] | None) -> None:
        try:
            wanted[seed] = next(searches[seed]) if seen is None else searches[seed].send(seen)
        except StopIteration as ended:
            found[seed] = ended.value

    for seed in searches:
        go_on(seed, None)
    while wanted:
        asked, wanted = wanted, {}
        places = [(seed, index) for seed, jobs in asked.items() for index in range(len(jobs))]
        seen: dict[int, dict[int, Evaluation]] = {seed: {} for seed in asked}
        jobs = {key: asked[seed][index] for key, (seed, index) in enumerate(places)}
        for key, evaluation in study.evaluator.evaluate_each(jobs):
            seed, index = places[key]
            seen[seed][index] = evaluation
            if len(seen[seed]) == len(asked[seed]):
                go_on(seed, [seen[seed][i] for i in range(len(asked[seed]))])
    return found


def searching(
    study: Study,
    seed: int,
    *,
    judge: Judge,
    budget: int,
    tracker: Tracker,
    told: Callable[[TrialEvent], None],
    blurred: bool = True,
    may_write: Callable[[], None] = lambda: None,
) -> Search:
    """As `run_seed`, for whoever draws the images of several at once."""
    trial_store = trial_store_of(study, seed)
    may_write()
    trial_store.drop_unfinished()
    records = stored_records(study, seed, judge, trial_store, lambda job: study.evaluator.evaluate(job.seed, job.point))
    if not records:
        store_conditions(study, trial_store)
    for brought in _carried(study, seed, records):
        records += yield from _draw(study, seed, judge, trial_store, [brought], may_write)
    for record in records:
        track_trial(tracker, seed, record, blurred=blurred)
    search, sampler = study.spec.search, _sampler(study, seed, judge)
    if judge.unmeasurable:
        # Only the start is drawn, for a person to look at: no other image could be feasible either.
        budget = min(budget, 1)
    while True:
        unchecked = best_unchecked(records) if search.robustness else None
        left = budget - len(records) - robustness_images(records)
        kept = reserved_for_robustness(unchecked is not None, left)
        history, proposals = judged_with_robustness(records), list[Proposal]()
        found = sum(r.phase == "proof" and r.judged.feasible and r.robustness is None for r in records)
        if unchecked is None or not due_before_proof(study.space, unchecked.judged, history, left=left, found=found):
            proposals = next_proposals(
                study.space,
                history,
                start=study.start,
                budget=len(records) + left - kept,
                sampler=sampler,
                foresee=lambda seen, point: _foreseen(study, judge, seen, point),
                most=search.batch,
                design=design_for(search.sampler),
                ahead=NEIGHBOURS if search.robustness else 0,
            )
        if not proposals:
            if unchecked is None or not kept:
                break
            tried = yield from draw_neighbours(study, seed, judge, trial_store, unchecked, may_write)
            records = [tried if record is unchecked else record for record in records]
            continue
        for record in (yield from _draw(study, seed, judge, trial_store, proposals, may_write)):
            records.append(record)
            track_trial(tracker, seed, record, blurred=blurred)
            told(TrialEvent(record, best_record(records), len(records) + robustness_images(records), budget))
    outcome = outcome_of(study, seed, judge, records, trial_store.chosen())
    may_write()
    write_notes(trial_store, study.spec.name, outcome)
    if judge.unmeasurable:
        return replace(outcome, stopped=f"no weight can be found for {' and '.join(judge.unmeasurable)} here")
    min_saving = search.worth if search.sampler == "least-weight" else None
    history, probes = judged_with_robustness(records), robustness_images(records)
    return replace(
        outcome, stopped=why_stopped(study.space, history, budget=budget, min_saving=min_saving, robustness_images=probes)
    )


def _foreseen(study: Study, judge: Judge, seen: Sequence[Judged], point: Point) -> Judged:
    priors = priors_from(study.space, [], require=judge.require)
    return expected(study.space, seen, [point], priors)[0]


def _sampler(study: Study, seed: int, judge: Judge) -> Sampler:
    search, trial_store = study.spec.search, trial_store_of(study, seed)
    garments = tuple(n for n, s in study.spec.searched().items() if s.kind != "face")
    told = _earlier(study, trial_store, judge) if search.sampler == "least-weight" else []
    return sampler_for(
        search.sampler,
        study.space,
        study.start,
        seed=search.random_state,
        worth=search.worth,
        together=garments[:2],
        require=judge.require,
        earlier=told,
    )


def _earlier(study: Study, trial_store: TrialStore, judge: Judge) -> list[list[Judged]]:
    """What other seeds and other studies say of the requirements that are asked for here."""
    prefix = f"{study.spec.name}-seed-"
    found = earlier_trials(study, trial_store.name, prefix, trial_store.storage, judge.require)
    found += trials_of_other_studies(study, judge.require)
    asked = judge.constraint_names
    return [[replace(j, violations={n: m for n, m in j.violations.items() if n in asked}) for j in trials] for trials in found]


def _carried(study: Study, seed: int, records: list[TrialRecord]) -> list[Proposal]:
    """What a fork brought that is not stored here yet; its images lie in the cache."""
    drawn = {record.judged.point.key() for record in records}
    brought = [Proposal(study.space.from_params(c["params"]), c["phase"]) for c in carried(study.workspace, seed)]
    return [proposal for proposal in brought if proposal.point.key() not in drawn]


def _draw(
    study: Study, seed: int, judge: Judge, trial_store: TrialStore, proposals: Sequence[Proposal], may_write: Callable[[], None]
) -> Generator[Sequence[Job], Sequence[Evaluation], list[TrialRecord]]:
    # Asked before drawing too: a runner that was replaced should not draw what the other one draws.
    may_write()
    seen = yield [Job(seed, proposal.point) for proposal in proposals]
    may_write()
    return [store_trial(study, seed, judge, trial_store, p, e) for p, e in zip(proposals, seen, strict=True)]

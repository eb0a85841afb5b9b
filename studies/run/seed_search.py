"""Runs the search at one locked seed: the only writer of Optuna's storage and of the tracker."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

from models.language.translate import phrase
from optimizer.evaluate.base import Evaluation
from optimizer.point import Job
from optimizer.search.budget import NextImages, RobustnessImage, next_images
from optimizer.search.drawn import judged_points
from optimizer.search.judged_point import Judged
from optimizer.search.samplers.base import Forecast, ForecastingSampler, Sampler
from optimizer.search.stopping import Ended, why_stopped
from optimizer.search.strategy import Proposal, SearchSettings
from optimizer.trial_store.store import TrialStore
from studies.callback import TrialEvent
from studies.observers.moved_copies import observe_copies, stored_copies
from studies.run.compatibility import store_fingerprint
from studies.run.dashboard.notes import write_notes
from studies.run.judge import Judge
from studies.run.neighbours import best_record, draw_neighbour, drawn_of, robustness_images, with_drawn_neighbours
from studies.run.outcome import Outcome, TrialRecord
from studies.run.study_sampler import sampler_of
from studies.run.transfer import inherited_proposal, inherited_trials
from studies.run.trials import outcome_of, store_trial, stored_records, track_trial, trial_store_of
from studies.study import Study
from studies.tracking.base import Tracker

Search: TypeAlias = Generator[Sequence[Job], Sequence[Evaluation], Outcome]
"""The search at one seed: yields the jobs that it needs next, is sent their evaluations, and returns what it found."""


def run_seed(
    study: Study,
    seed: int,
    *,
    judge: Judge,
    budget: int,
    tracker: Tracker,
    on_trial: Callable[[TrialEvent], None],
    blurred: bool = True,
    may_write: Callable[[], None] = lambda: None,
) -> Outcome:
    """Searches until the proof is complete or `budget` images are drawn; earlier trials of this seed count, judged again.

    `on_trial` is called after each new trial. `may_write` is called before anything is stored, and raises if another runner has
    taken the study over. `blurred` blurs figures with little clothing in the tracker.
    """
    search = search_seed(
        study, seed, judge=judge, budget=budget, tracker=tracker, on_trial=on_trial, blurred=blurred, may_write=may_write
    )
    return run_seeds(study, {seed: search})[seed]


class EnoughError(Exception):
    """Thrown into a search where it asks for its next images: a person has seen enough, and it ends with what it has."""


def _never(_seed: int) -> bool:
    return False


def run_seeds(study: Study, searches: Mapping[int, Search], stop_asked: Callable[[int], bool] = _never) -> dict[int, Outcome]:
    """Several seeds at once: the jobs that each needs next, evaluated by as many workers as there are.

    `stop_asked` is called with a seed whenever its images are stored: the search that it stops ends with what it has. Images in
    hand are waited for.
    """
    outcomes: dict[int, Outcome] = {}
    wanted: dict[int, Sequence[Job]] = {}

    def advance(seed: int, evaluations: Sequence[Evaluation] | None) -> None:
        try:
            wanted[seed] = next(searches[seed]) if evaluations is None else searches[seed].send(evaluations)
            if evaluations is not None and stop_asked(seed):
                del wanted[seed]
                searches[seed].throw(EnoughError())
        except StopIteration as ended:
            outcomes[seed] = ended.value

    for seed in searches:
        advance(seed, None)
    while wanted:
        asked, wanted = wanted, {}
        places = [(seed, index) for seed, jobs in asked.items() for index in range(len(jobs))]
        done: dict[int, dict[int, Evaluation]] = {seed: {} for seed in asked}
        jobs = {key: asked[seed][index] for key, (seed, index) in enumerate(places)}
        for key, evaluation in study.evaluator.evaluate_each(jobs):
            seed, index = places[key]
            done[seed][index] = evaluation
            if len(done[seed]) == len(asked[seed]):
                advance(seed, [done[seed][i] for i in range(len(asked[seed]))])
    return outcomes


def search_seed(
    study: Study,
    seed: int,
    *,
    judge: Judge,
    budget: int,
    tracker: Tracker,
    on_trial: Callable[[TrialEvent], None],
    blurred: bool = True,
    may_write: Callable[[], None] = lambda: None,
) -> Search:
    """As `run_seed`, for a caller that evaluates the jobs of several seeds at once."""
    if judge.unmeasurable:
        # Only the start is drawn, for a person to look at: no other image could be feasible either.
        budget = min(budget, 1)
    return _SeedSearch(study, seed, judge, budget, tracker, on_trial, blurred, may_write).run()


@dataclass
class _SeedSearch:
    study: Study
    seed: int
    judge: Judge
    budget: int
    tracker: Tracker
    on_trial: Callable[[TrialEvent], None]
    blurred: bool
    may_write: Callable[[], None]
    records: list[TrialRecord] = field(default_factory=list)

    @cached_property
    def trial_store(self) -> TrialStore:
        return trial_store_of(self.study, self.seed)

    def run(self) -> Search:
        sampler = None
        try:
            yield from self._resume()
            sampler = sampler_of(self.study, self.seed, self.judge)
            while wanted := self._next(sampler):
                if isinstance(wanted, RobustnessImage):
                    yield from self._check_robustness(wanted)
                else:
                    yield from self._draw_trials(wanted, sampler)
        except EnoughError:
            return self._finish(sampler, stopped=True)
        return self._finish(sampler)

    def _resume(self) -> Generator[Sequence[Job], Sequence[Evaluation], None]:
        """Loads the stored trials, draws what a fork brought, and tracks what no earlier run tracked."""
        self.may_write()
        self.trial_store.drop_unfinished()
        self.trial_store.attributes.set_ended(None, self.judge.require)
        self.records = stored_records(
            self.study, self.seed, self.judge, self.trial_store, lambda job: self.study.evaluator.evaluate(job.seed, job.point)
        )
        if not self.records:
            store_fingerprint(self.study, self.trial_store)
        for proposal in self._inherited():
            self.records += yield from self._draw([proposal])
        for record in self.records:
            track_trial(self.tracker, self.seed, record, blurred=self.blurred)

    def _inherited(self) -> list[Proposal]:
        """What a fork brought that is not stored here yet; its images lie in the cache."""
        drawn = {record.judged.point.key() for record in self.records}
        trials = inherited_trials(self.study.workspace, self.seed)
        proposals = [inherited_proposal(self.study.space, trial) for trial in trials]
        return [proposal for proposal in proposals if proposal.point.key() not in drawn]

    def _next(self, sampler: Sampler) -> NextImages:
        search = self.study.spec.search
        settings = SearchSettings(self.study.start, self.budget, require=self.judge.require)
        return next_images(self.study.space, drawn_of(self.records), settings, sampler, off=search.robustness, count=search.batch)

    def _points(self) -> list[Judged]:
        """What the search knows of each point."""
        return judged_points(self.study.space, drawn_of(self.records), self.study.spec.search.robustness)

    def _forecast(self, sampler: Sampler) -> Forecast | None:
        if not isinstance(sampler, ForecastingSampler):
            return None
        return sampler.forecast(self.study.space, self._points())

    def _draw_trials(
        self, proposals: Sequence[Proposal], sampler: Sampler
    ) -> Generator[Sequence[Job], Sequence[Evaluation], None]:
        for record in (yield from self._draw(proposals)):
            self.records = with_drawn_neighbours([*self.records, record], self.study.spec.search.robustness)
            track_trial(self.tracker, self.seed, record, blurred=self.blurred)
            count = len(self.records) + robustness_images(self.records)
            self.on_trial(TrialEvent(record, best_record(self.records), count, self.budget, self._forecast(sampler)))

    def _draw(self, proposals: Sequence[Proposal]) -> Generator[Sequence[Job], Sequence[Evaluation], list[TrialRecord]]:
        # Asked before drawing too: a runner that was replaced should not draw what the other one draws.
        self.may_write()
        evaluations = yield [Job(self.seed, proposal.point) for proposal in proposals]
        self.may_write()
        return [
            store_trial(self.study, self.seed, self.judge, self.trial_store, proposal, evaluation)
            for proposal, evaluation in zip(proposals, evaluations, strict=True)
        ]

    def _check_robustness(self, wanted: RobustnessImage) -> Generator[Sequence[Job], Sequence[Evaluation], None]:
        record = next(r for r in self.records if r.judged.point.key() == wanted.pick.point.key())
        checked = yield from draw_neighbour(
            self.study, self.seed, self.judge, self.trial_store, record, wanted.side, self.may_write
        )
        self.records = [checked if r is record else r for r in self.records]
        if checked.verdict is not record.verdict:
            track_trial(self.tracker, self.seed, checked, blurred=self.blurred)

    def _finish(self, sampler: Sampler | None, *, stopped: bool = False) -> Outcome:
        used = len(self.records) + robustness_images(self.records)
        ended = Ended.BUDGET if used >= self.budget and not self.judge.unmeasurable else Ended.DONE
        ended = Ended.STOPPED if stopped else ended
        self.may_write()
        self.trial_store.attributes.set_ended(ended, self.judge.require)
        look = stored_copies if self.judge.unmeasurable or stopped else observe_copies
        chosen = self.trial_store.attributes.chosen()
        outcome = outcome_of(self.study, self.seed, self.judge, self.records, chosen, ended, look)
        write_notes(self.trial_store, self.study.spec.name, outcome)
        if self.judge.unmeasurable:
            return replace(
                outcome, stopped=phrase("no weight can be found for {names} here", names=", ".join(self.judge.unmeasurable))
            )
        if stopped or sampler is None:
            return replace(outcome, stopped=phrase("by a person, after {count} images", count=used))
        why = why_stopped(
            self.study.space,
            self._points(),
            budget=self.budget,
            min_saving=sampler.min_saving,
            robustness_images=robustness_images(self.records),
            images=used,
            forecast=self._forecast(sampler) if ended is Ended.BUDGET else None,
        )
        return replace(outcome, stopped=why)

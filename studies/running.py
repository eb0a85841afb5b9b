"""Runs the search at one locked seed: the only writer of Optuna's storage and of the tracker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from optimizer.ledger import Ledger
from optimizer.point import Job
from optimizer.samplers import design_for, sampler_for
from optimizer.search import Judged, Proposal, Sampler, best, nearest, next_proposal, proof_of
from optimizer.stopping import why_stopped
from scorers.observation import Observation
from studies.building import Study
from studies.calibrating import LADDER, Ladder, calibrations, draw_ladders, plain_point
from studies.earlier import earlier_trials
from studies.judging import Judge, plain_scores
from studies.outcome import Outcome, TrialRecord
from studies.scouting import scout_seeds
from studies.tracking import Tracker

OTHER_SEEDS: Final = 8


@dataclass(frozen=True)
class TrialDone:
    """Told after every trial: its record and the best so far."""

    record: TrialRecord
    best: Judged | None
    budget: int


def ledger_of(study: Study, seed: int) -> Ledger:
    storage = study.spec.tracking.storage or study.workspace.storage_url()
    return Ledger(f"{study.spec.name}-seed-{seed}", storage, study.space, study.workspace.artifacts)


def judge_for(study: Study, seed: int, drawn: Callable[[], None]) -> tuple[Judge, list[Ladder]]:
    """Draws the plain image, the ladders and the locked image if no earlier run did."""
    plain = study.evaluator.evaluate(seed, plain_point(study))
    drawn()
    ladders = draw_ladders(study, seed, drawn)
    locked = study.evaluator.evaluate(seed, study.start)
    kinds = {n: s.kind for n, s in study.spec.searched().items() if s.kind != "other"}
    judge = Judge(
        references=study.references,
        calibrations=calibrations(study, plain, ladders),
        kinds=kinds,
        locked=locked.observation,
        require=study.require(),
        hands_tolerance=study.spec.search.hands,
        space=study.space,
        others=_other_seeds(study, seed, drawn),
        drift_allowed=study.spec.search.drift,
    )
    return judge, ladders


def _other_seeds(study: Study, seed: int, drawn: Callable[[], None]) -> tuple[Observation, ...]:
    """Other seeds at the start weights, in whose median distance drift is told where it is required; scouting has drawn them."""
    if study.spec.search.drift is None:
        return ()
    found = []
    for evaluation in study.evaluator.evaluate_all([Job(other, study.start) for other in other_seeds(study, seed)]):
        found.append(evaluation.observation)
        drawn()
    return tuple(found)


def other_seeds(study: Study, seed: int) -> list[int]:
    """Of those that scouting draws, the first but this one."""
    return [other for other in scout_seeds(study, OTHER_SEEDS + 1) if other != seed][:OTHER_SEEDS]


def images_before_trials(study: Study) -> int:
    """The plain image, the ladders, and other seeds where drift is required."""
    others = OTHER_SEEDS if study.spec.search.drift is not None else 0
    return 1 + len(LADDER) * len(study.spec.searched()) + others


def run_seed(
    study: Study, seed: int, *, judge: Judge, budget: int, tracker: Tracker, told: Callable[[TrialDone], None]
) -> Outcome:
    """Searches until the proof is complete or `budget` trials are done; earlier trials of this seed count, judged again."""
    ledger = ledger_of(study, seed)
    ledger.drop_unfinished()
    records = [_record(study, seed, judge, e.number, Proposal(e.point, e.phase)) for e in ledger.entries()]
    for record in records:
        _track(tracker, seed, record)
    search = study.spec.search
    sampler, design = _sampler(study, seed, judge), design_for(search.sampler)
    while True:
        history = [r.judged for r in records]
        proposal = next_proposal(study.space, history, start=study.start, budget=budget, sampler=sampler, design=design)
        if proposal is None:
            break
        record = _draw(study, seed, judge, ledger, proposal)
        records.append(record)
        _track(tracker, seed, record)
        told(TrialDone(record, best([r.judged for r in records]), budget))
    worth = search.worth if search.sampler == "least-weight" else None
    stopped = why_stopped(study.space, [r.judged for r in records], budget=budget, worth=worth)
    return replace(outcome_of(study, seed, judge, records), stopped=stopped)


def _sampler(study: Study, seed: int, judge: Judge) -> Sampler:
    search, ledger = study.spec.search, ledger_of(study, seed)
    learns = search.sampler == "least-weight"
    prefix = ledger.name.removesuffix(str(seed))
    garments = tuple(n for n, s in study.spec.searched().items() if s.kind != "face")
    return sampler_for(
        search.sampler,
        study.space,
        study.start,
        seed=search.random_state,
        worth=search.worth,
        together=garments[:2],
        require=judge.require,
        earlier=earlier_trials(study, ledger.name, prefix, ledger.storage, judge.require) if learns else (),
    )


def stored_outcome(study: Study, seed: int, judge: Judge) -> Outcome:
    """What earlier runs found, judged by the requirements as they stand now; draws nothing new."""
    entries = ledger_of(study, seed).entries()
    records = [_record(study, seed, judge, e.number, Proposal(e.point, e.phase)) for e in entries]
    return outcome_of(study, seed, judge, records)


def outcome_of(study: Study, seed: int, judge: Judge, records: list[TrialRecord]) -> Outcome:
    history = [r.judged for r in records]
    pick = best(history)
    proof = proof_of(study.space, pick, history) if pick else None
    return Outcome(
        seed=seed,
        trials=tuple(records),
        pick=pick,
        proof=proof,
        nearest=nearest(history) if history else None,
        require=dict(judge.require),
        hands_allowed=judge.hands_allowed,
        drift_allowed=judge.drift_allowed,
    )


def _draw(study: Study, seed: int, judge: Judge, ledger: Ledger, proposal: Proposal) -> TrialRecord:
    trial = ledger.begin(proposal.point)
    record = _record(study, seed, judge, trial.number, proposal)
    ledger.finish(
        trial,
        values=judge.objectives(proposal.point, record.scores),
        margins=record.judged.margins,
        attrs={"phase": proposal.phase, "image": record.image.name, "scores": plain_scores(record.scores)},
        image=record.image,
    )
    return record


def _record(study: Study, seed: int, judge: Judge, number: int, proposal: Proposal) -> TrialRecord:
    evaluation = study.evaluator.evaluate(seed, proposal.point)
    judged, scores = judge.judge(evaluation)
    return TrialRecord(number, proposal.phase, judged, scores, evaluation.image)


def _track(tracker: Tracker, seed: int, record: TrialRecord) -> None:
    tracker.log_trial(seed, record.number, record.params(), record.metrics(), record.image, record.tags())

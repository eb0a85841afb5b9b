"""Runs the search at one locked seed: the only writer of Optuna's storage and of the tracker."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from optimizer.evaluate import Evaluation
from optimizer.ledger import Ledger
from optimizer.point import Job
from optimizer.samplers import OptunaSampler
from optimizer.search import Judged, Proposal, best, nearest, next_proposal, proof_of
from scorers.observation import Observation
from studies.building import Study
from studies.calibrating import LADDER, Ladder, calibrations, draw_ladders, plain_point
from studies.conditions import hold_to
from studies.forking import carried
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
    return Ledger(f"{study.spec.name}-seed-{seed}", study.storage_url, study.space, study.workspace.artifacts)


def judge_for(study: Study, seed: int, drawn: Callable[[], None]) -> tuple[Judge, list[Ladder]]:
    """Draws the plain image, the ladders and the locked image if no earlier run did.

    Raises InputError if trials of this seed are stored that the study as it stands now would draw otherwise.
    """
    study.workspace.make()
    hold_to(study, seed, ledger_of(study, seed))
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


Search: TypeAlias = Generator[Job, Evaluation, Outcome]
"""The search at one seed: yields the image that it needs next, is sent what was seen in it, and ends with what it found."""


def run_seed(
    study: Study,
    seed: int,
    *,
    judge: Judge,
    budget: int,
    tracker: Tracker,
    told: Callable[[TrialDone], None],
    may_write: Callable[[], None] = lambda: None,
) -> Outcome:
    """Searches until the proof is complete or `budget` trials are done; earlier trials of this seed count, judged again.

    `may_write` is called before anything is stored, and raises if another runner has taken the study over.
    """
    search = searching(study, seed, judge=judge, budget=budget, tracker=tracker, told=told, may_write=may_write)
    return run_seeds(study, {seed: search})[seed]


def run_seeds(study: Study, searches: Mapping[int, Search]) -> dict[int, Outcome]:
    """Several seeds at once: one image of each at a time, drawn by as many workers as there are."""
    found: dict[int, Outcome] = {}
    wanted: dict[int, Job] = {}

    def go_on(seed: int, seen: Evaluation | None) -> None:
        try:
            wanted[seed] = next(searches[seed]) if seen is None else searches[seed].send(seen)
        except StopIteration as ended:
            found[seed] = ended.value

    for seed in searches:
        go_on(seed, None)
    while wanted:
        asked, wanted = wanted, {}
        for seed, evaluation in study.evaluator.evaluate_each(asked):
            go_on(seed, evaluation)
    return found


def searching(
    study: Study,
    seed: int,
    *,
    judge: Judge,
    budget: int,
    tracker: Tracker,
    told: Callable[[TrialDone], None],
    may_write: Callable[[], None] = lambda: None,
) -> Search:
    """As `run_seed`, for whoever draws the images of several at once."""
    ledger = ledger_of(study, seed)
    may_write()
    ledger.drop_unfinished()
    records = _replayed(study, seed, judge, ledger)
    for brought in _carried(study, seed, records):
        records.append((yield from _draw(seed, judge, ledger, brought, may_write)))
    for record in records:
        _track(tracker, seed, record)
    sampler = OptunaSampler(study.spec.search.sampler, study.spec.search.random_state)
    while True:
        history = [r.judged for r in records]
        proposal = next_proposal(study.space, history, start=study.start, budget=budget, sampler=sampler)
        if proposal is None:
            break
        record = yield from _draw(seed, judge, ledger, proposal, may_write)
        records.append(record)
        _track(tracker, seed, record)
        told(TrialDone(record, best([r.judged for r in records]), budget))
    return outcome_of(study, seed, judge, records)


def stored_outcome(study: Study, seed: int, judge: Judge) -> Outcome:
    """What earlier runs found, judged by the requirements as they stand now; draws nothing new."""
    return outcome_of(study, seed, judge, _replayed(study, seed, judge, ledger_of(study, seed)))


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


def _replayed(study: Study, seed: int, judge: Judge, ledger: Ledger) -> list[TrialRecord]:
    """Stored trials as records. An image that has left the cache comes back from Optuna's artifacts: none is drawn again."""
    found = []
    for entry in ledger.entries():
        if entry.image is not None:
            study.evaluator.restore(seed, entry.point, entry.image)
        seen = study.evaluator.evaluate(seed, entry.point)
        found.append(_record(judge, entry.number, Proposal(entry.point, entry.phase), seen))
    return found


def _carried(study: Study, seed: int, records: list[TrialRecord]) -> list[Proposal]:
    """What a fork brought that is not stored here yet; its images lie in the cache."""
    drawn = {record.judged.point.key() for record in records}
    brought = [Proposal(study.space.from_params(c["params"]), c["phase"]) for c in carried(study.workspace, seed)]
    return [proposal for proposal in brought if proposal.point.key() not in drawn]


def _draw(
    seed: int, judge: Judge, ledger: Ledger, proposal: Proposal, may_write: Callable[[], None]
) -> Generator[Job, Evaluation, TrialRecord]:
    may_write()
    trial = ledger.begin(proposal.point)
    record = _record(judge, trial.number, proposal, (yield Job(seed, proposal.point)))
    may_write()
    ledger.finish(
        trial,
        values=judge.objectives(proposal.point, record.scores),
        margins=record.judged.margins,
        attrs={"phase": proposal.phase, "image": record.image.name, "scores": plain_scores(record.scores)},
        image=record.image,
    )
    return record


def _record(judge: Judge, number: int, proposal: Proposal, evaluation: Evaluation) -> TrialRecord:
    judged, scores = judge.judge(evaluation)
    return TrialRecord(number, proposal.phase, judged, scores, evaluation.image)


def _track(tracker: Tracker, seed: int, record: TrialRecord) -> None:
    tracker.log_trial(seed, record.number, record.params(), record.metrics(), record.image, record.tags())

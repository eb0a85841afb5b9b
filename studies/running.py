"""Runs the search at one locked seed: the only writer of Optuna's storage and of the tracker."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from optimizer.earlier import priors_from
from optimizer.evaluate import Evaluation
from optimizer.least_weight import expected
from optimizer.ledger import Ledger
from optimizer.margin import SIDES, before_the_proof, beside, held_best, kept_for_margin
from optimizer.point import Job, Point
from optimizer.samplers import design_for, sampler_for
from optimizer.search import Judged, Proposal, Sampler, best, nearest, next_proposals, proof_of
from optimizer.stopping import why_stopped
from scorers.observation import Observation
from studies.bareness import BARE, little_clothing
from studies.building import Study
from studies.calibrating import LADDER, Ladder, calibrations, draw_ladders, plain_point
from studies.conditions import hold_to, keep_conditions
from studies.earlier import earlier_trials, trials_of_other_studies
from studies.forking import carried
from studies.judging import Judge, plain_scores
from studies.looks import close_ups_lacking, draw_close_ups, sources_of
from studies.margins import best_record, best_untried, images_beside, judged_with_margins, look_beside, probed, stored_margin
from studies.optuna_notes import trial_note, write_notes
from studies.outcome import Outcome, TrialRecord
from studies.ratings import rating_in, with_rating
from studies.scouting import scout_seeds
from studies.tracking import Tracker, Veiled

OTHER_SEEDS: Final = 8


@dataclass(frozen=True)
class TrialDone:
    """Told after every trial: its record and the best so far. `count` images of at most `budget` are drawn, margins included."""

    record: TrialRecord
    best_record: TrialRecord | None
    count: int
    budget: int

    @property
    def best(self) -> Judged | None:
        return self.best_record.judged if self.best_record else None


def ledger_of(study: Study, seed: int) -> Ledger:
    return Ledger(f"{study.spec.name}-seed-{seed}", study.storage_url, study.space, study.workspace.artifacts)


def judge_for(study: Study, seed: int, drawn: Callable[[], None]) -> tuple[Judge, list[Ladder]]:
    """Draws the plain image, close-ups of LoRAs without photos, the ladders and the locked image if no earlier run did.

    Raises InputError if trials of this seed are stored that the study as it stands now would draw otherwise.
    """
    hold_to(study, seed, ledger_of(study, seed))
    plain = study.evaluator.evaluate(seed, plain_point(study))
    drawn()
    draw_close_ups(study, drawn)
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
        plain=plain.observation,
        extra=study.spec.scorers.extra,
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
    """The plain image, close-ups that are not drawn yet, the ladders, and other seeds where drift is required."""
    others = OTHER_SEEDS if study.spec.search.drift is not None else 0
    return 1 + len(close_ups_lacking(study)) + len(LADDER) * len(study.spec.searched()) + others


Search: TypeAlias = Generator[Sequence[Job], Sequence[Evaluation], Outcome]
"""The search at one seed: yields the images that it needs next, is sent what was seen in them, and ends with what it found."""


def run_seed(
    study: Study,
    seed: int,
    *,
    judge: Judge,
    budget: int,
    tracker: Tracker,
    told: Callable[[TrialDone], None],
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
    told: Callable[[TrialDone], None],
    blurred: bool = True,
    may_write: Callable[[], None] = lambda: None,
) -> Search:
    """As `run_seed`, for whoever draws the images of several at once."""
    ledger = ledger_of(study, seed)
    may_write()
    ledger.drop_unfinished()
    records = _stored_records(study, seed, judge, ledger)
    if not records:
        keep_conditions(study, ledger)
    for brought in _carried(study, seed, records):
        records += yield from _draw(study, seed, judge, ledger, [brought], may_write)
    for record in records:
        track_trial(tracker, seed, record, blurred=blurred)
    search, sampler = study.spec.search, _sampler(study, seed, judge)
    while True:
        untried = best_untried(records) if search.margin else None
        left = budget - len(records) - images_beside(records)
        kept = kept_for_margin(untried is not None, left)
        history, proposals = judged_with_margins(records), list[Proposal]()
        found = sum(r.phase == "proof" and r.judged.feasible and r.margin is None for r in records)
        if untried is None or not before_the_proof(study.space, untried.judged, history, left=left, found=found):
            proposals = next_proposals(
                study.space,
                history,
                start=study.start,
                budget=len(records) + left - kept,
                sampler=sampler,
                foresee=lambda seen, point: _foreseen(study, judge, seen, point),
                most=search.batch,
                design=design_for(search.sampler),
                ahead=SIDES if search.margin else 0,
            )
        if not proposals:
            if untried is None or not kept:
                break
            tried = yield from look_beside(study, seed, judge, ledger, untried, may_write)
            records = [tried if record is untried else record for record in records]
            continue
        for record in (yield from _draw(study, seed, judge, ledger, proposals, may_write)):
            records.append(record)
            track_trial(tracker, seed, record, blurred=blurred)
            told(TrialDone(record, best_record(records), len(records) + images_beside(records), budget))
    outcome = outcome_of(study, seed, judge, records, ledger.chosen())
    may_write()
    write_notes(ledger, study.spec.name, outcome)
    worth = search.worth if search.sampler == "least-weight" else None
    history, probes = judged_with_margins(records), images_beside(records)
    stopped = why_stopped(study.space, history, budget=budget, worth=worth, beside=probes)
    return replace(outcome, stopped=stopped)


def _foreseen(study: Study, judge: Judge, seen: Sequence[Judged], point: Point) -> Judged:
    priors = priors_from(study.space, [], require=judge.require)
    return expected(study.space, seen, [point], priors)[0]


def _sampler(study: Study, seed: int, judge: Judge) -> Sampler:
    search, ledger = study.spec.search, ledger_of(study, seed)
    garments = tuple(n for n, s in study.spec.searched().items() if s.kind != "face")
    told = _earlier(study, ledger, judge) if search.sampler == "least-weight" else []
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


def _earlier(study: Study, ledger: Ledger, judge: Judge) -> list[list[Judged]]:
    """What other seeds and other studies say of the requirements that are asked for here."""
    prefix = f"{study.spec.name}-seed-"
    found = earlier_trials(study, ledger.name, prefix, ledger.storage, judge.require)
    found += trials_of_other_studies(study, judge.require)
    asked = {*judge.require, "hands", "body", *judge.extra, *(["drift"] if judge.drift_allowed is not None else [])}
    return [[replace(j, margins={n: m for n, m in j.margins.items() if n in asked}) for j in trials] for trials in found]


def stored_outcome(study: Study, seed: int, judge: Judge) -> Outcome:
    """What earlier runs found, judged by the requirements as they stand now; draws nothing new."""
    ledger = ledger_of(study, seed)
    return outcome_of(study, seed, judge, _stored_records(study, seed, judge, ledger), ledger.chosen())


def restore_images(study: Study, seed: int) -> None:
    """Brings images of trials that have left the cache back from Optuna's artifacts: none is drawn again."""
    for entry in ledger_of(study, seed).entries():
        if entry.image is not None:
            study.evaluator.restore(seed, entry.point, entry.image)


def jobs_of_trials(study: Study, seed: int) -> list[Job]:
    """All images that the stored trials are judged by: their own, and those beside them."""
    ledger, off = ledger_of(study, seed), study.spec.search.margin
    entries, tried = ledger.entries(), ledger.beside()
    probed = [beside(entry.point, off) for entry in entries if off and tried.get(entry.number) == off]
    return [Job(seed, entry.point) for entry in entries] + [Job(seed, p) for sides in probed for p in sides.values()]


def _stored_records(study: Study, seed: int, judge: Judge, ledger: Ledger) -> list[TrialRecord]:
    """The finished trials with what people said of them."""
    restore_images(study, seed)
    notes, tried = ledger.notes(), ledger.beside()
    found = []
    for entry in ledger.entries():
        seen = study.evaluator.evaluate(seed, entry.point)
        record = _record(judge, entry.number, Proposal(entry.point, entry.phase), seen)
        margin = stored_margin(study, seed, judge, record, tried.get(entry.number))
        found.append(replace(record, rating=rating_in(notes.get(entry.number, "")), margin=margin))
    return found


def _carried(study: Study, seed: int, records: list[TrialRecord]) -> list[Proposal]:
    """What a fork brought that is not stored here yet; its images lie in the cache."""
    drawn = {record.judged.point.key() for record in records}
    brought = [Proposal(study.space.from_params(c["params"]), c["phase"]) for c in carried(study.workspace, seed)]
    return [proposal for proposal in brought if proposal.point.key() not in drawn]


def outcome_of(study: Study, seed: int, judge: Judge, records: list[TrialRecord], chosen: int | None = None) -> Outcome:
    """`chosen` is the number of the trial that a person prefers to the search's pick.

    A point that holds with its weights a little off is preferred to one whose margin was not drawn. Where no point holds so, the
    cheapest that meets all by itself is the pick, and told as it is.
    """
    plain, history = [r.judged for r in records], judged_with_margins(records)
    found = held_best(plain, probed(records))
    if found is None and (found := best(plain)):
        history = plain
    records = [replace(r, judged=j) for r, j in zip(records, history, strict=True)]
    by_hand = next((r.judged for r in records if r.number == chosen), None)
    pick = by_hand or found
    proof = proof_of(study.space, pick, history) if pick and pick is found else None
    return Outcome(
        seed=seed,
        trials=tuple(records),
        pick=pick,
        proof=proof,
        nearest=nearest(history) if history else None,
        require=dict(judge.require),
        hands_allowed=judge.hands_allowed,
        drift_allowed=judge.drift_allowed,
        by_hand=by_hand is not None,
        found=found,
        looks=sources_of(study),
        margin_off=study.spec.search.margin,
    )


def _draw(
    study: Study, seed: int, judge: Judge, ledger: Ledger, proposals: Sequence[Proposal], may_write: Callable[[], None]
) -> Generator[Sequence[Job], Sequence[Evaluation], list[TrialRecord]]:
    # Asked before drawing too: a runner that was replaced should not draw what the other one draws.
    may_write()
    seen = yield [Job(seed, proposal.point) for proposal in proposals]
    may_write()
    return [store_trial(study, seed, judge, ledger, p, e) for p, e in zip(proposals, seen, strict=True)]


def store_trial(study: Study, seed: int, judge: Judge, ledger: Ledger, proposal: Proposal, seen: Evaluation) -> TrialRecord:
    """Judges and stores one trial: from then on a killed run does not lose it."""
    drawn = _record(judge, -1, proposal, seen)
    number = ledger.add(
        proposal.point,
        values=judge.objectives(proposal.point, drawn.scores),
        margins=drawn.judged.margins,
        attrs={
            "phase": proposal.phase,
            "image": drawn.image.name,
            "scores": plain_scores(drawn.scores),
            **({BARE: True} if drawn.bare else {}),
        },
        image=drawn.image,
        note=lambda number, picture: with_rating(trial_note(study.spec.name, seed, replace(drawn, number=number), picture), ""),
    )
    return replace(drawn, number=number)


def _record(judge: Judge, number: int, proposal: Proposal, seen: Evaluation) -> TrialRecord:
    judged, scores = judge.judge(seen)
    return TrialRecord(number, proposal.phase, judged, scores, seen.image, bare=little_clothing(seen.observation))


def track_trial(tracker: Tracker, seed: int, record: TrialRecord, *, blurred: bool) -> None:
    """`blurred` shows an image with little clothing as a blur."""
    picture = Veiled(record.image) if record.bare and blurred else record.image
    tracker.log_trial(seed, record.number, record.params(), record.metrics(), picture, record.tags())

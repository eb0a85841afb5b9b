"""Trials with what was seen beside them: drawn, remembered, and judged by the worst of all."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

from optimizer.evaluate.base import Evaluation
from optimizer.point import Job
from optimizer.search.judged import Judged, best
from optimizer.search.robustness import Neighbours, Robustness, beside, with_robustness
from optimizer.trial_store.store import TrialStore
from studies.run.judge import Judge
from studies.run.outcome import TrialRecord
from studies.study import Study


def judged_with_robustness(records: Sequence[TrialRecord]) -> list[Judged]:
    """Points that were tried with their weights a little off are judged by the worst of what was seen."""
    return with_robustness([r.judged for r in records], neighbours_of_records(records))


def neighbours_of_records(records: Sequence[TrialRecord]) -> Neighbours:
    return {r.judged.point.key(): r.margin.sides for r in records if r.margin}


def robustness_images(records: Sequence[TrialRecord]) -> int:
    return sum(len(r.margin.sides) for r in records if r.margin)


def draw_neighbours(
    study: Study, seed: int, judge: Judge, trial_store: TrialStore, record: TrialRecord, may_write: Callable[[], None]
) -> Generator[Sequence[Job], Sequence[Evaluation], TrialRecord]:
    """Draws what lies beside a trial, and keeps that it was."""
    off = study.spec.search.margin
    sides = beside(record.judged.point, off)
    may_write()
    seen = yield [Job(seed, point) for point in sides.values()]
    may_write()
    trial_store.keep_beside(record.number, off)
    return replace(record, margin=Robustness(off, {side: judge.judge(e)[0] for side, e in zip(sides, seen, strict=True)}))


def best_untested(records: Sequence[TrialRecord]) -> TrialRecord | None:
    """The best, if it was not tried with its weights off."""
    found = best(judged_with_robustness(records))
    return next((r for r in records if found and r.judged.point.key() == found.point.key() and r.margin is None), None)


def best_record(records: list[TrialRecord]) -> TrialRecord | None:
    found = best(judged_with_robustness(records)) or best([record.judged for record in records])
    return next((record for record in records if found and record.judged.point.key() == found.point.key()), None)


def stored_robustness(study: Study, seed: int, judge: Judge, record: TrialRecord, tried: float | None) -> Robustness | None:
    """What an earlier run saw beside it; None if it did not look. `tried` is how far off it is known to have looked: what has
    left the cache since is drawn again."""
    off = study.spec.search.margin
    if off == 0:
        return None
    jobs = {side: Job(seed, point) for side, point in beside(record.judged.point, off).items()}
    # Runs that ended before they kept it, forks, and older versions leave the images alone.
    drawn = record.judged.feasible and all(study.evaluator.place(job).exists() for job in jobs.values())
    if tried != off and not drawn:
        return None
    return Robustness(off, {side: judge.judge(study.evaluator.evaluate(seed, job.point))[0] for side, job in jobs.items()})

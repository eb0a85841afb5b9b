"""The robustness of trials: renders their neighbours, stores that it did, and judges each trial by the worst of the three."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

from optimizer.evaluate.base import Evaluation
from optimizer.point import Job
from optimizer.search.judged_point import Judged, best
from optimizer.search.robustness import JudgedNeighbours, Robustness, neighbours, with_robustness
from optimizer.trial_store.store import TrialStore
from studies.run.judge import Judge
from studies.run.outcome import TrialRecord
from studies.study import Study


def judged_with_robustness(records: Sequence[TrialRecord]) -> list[Judged]:
    """Trials whose robustness was checked get the worst violations of themselves and their neighbours."""
    return with_robustness([r.judged for r in records], neighbours_of_records(records))


def neighbours_of_records(records: Sequence[TrialRecord]) -> JudgedNeighbours:
    return {r.judged.point.key(): r.robustness.neighbours for r in records if r.robustness}


def robustness_images(records: Sequence[TrialRecord]) -> int:
    return sum(len(r.robustness.neighbours) for r in records if r.robustness)


def draw_neighbours(
    study: Study, seed: int, judge: Judge, trial_store: TrialStore, record: TrialRecord, may_write: Callable[[], None]
) -> Generator[Sequence[Job], Sequence[Evaluation], TrialRecord]:
    """Yields the jobs of a trial's neighbours, and returns the record with its robustness, which is stored."""
    off = study.spec.search.robustness
    points = neighbours(record.judged.point, off)
    may_write()
    seen = yield [Job(seed, point) for point in points.values()]
    may_write()
    trial_store.attributes.set_robustness_checked(record.number, off)
    judged = {side: judge.judge(evaluation)[0] for side, evaluation in zip(points, seen, strict=True)}
    return replace(record, robustness=Robustness(off, judged))


def best_unchecked(records: Sequence[TrialRecord]) -> TrialRecord | None:
    """The best trial, if its robustness was not checked."""
    found = best(judged_with_robustness(records))
    return next((r for r in records if found and r.judged.point.key() == found.point.key() and r.robustness is None), None)


def best_record(records: Sequence[TrialRecord]) -> TrialRecord | None:
    found = best(judged_with_robustness(records)) or best([record.judged for record in records])
    return next((record for record in records if found and record.judged.point.key() == found.point.key()), None)


def stored_robustness(
    study: Study, seed: int, judge: Judge, record: TrialRecord, checked_at: float | None, evaluate: Callable[[Job], Evaluation]
) -> Robustness | None:
    """What an earlier run found; None if it did not check. `checked_at` is the offset that is stored with the trial. `evaluate`
    loads its neighbours, or draws anew those that have left the cache since."""
    off = study.spec.search.robustness
    if off == 0:
        return None
    jobs = {side: Job(seed, point) for side, point in neighbours(record.judged.point, off).items()}
    # Runs that ended before they stored the offset, forks, and older versions leave the images alone.
    rendered = record.judged.feasible and all(study.evaluator.place(job).exists() for job in jobs.values())
    if checked_at != off and not rendered:
        return None
    return Robustness(off, {side: judge.judge(evaluate(job))[0] for side, job in jobs.items()})

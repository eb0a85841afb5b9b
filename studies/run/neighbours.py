"""The robustness of trials: renders their neighbours, stores that it did, and judges each trial by the worst of the three."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

from optimizer.evaluate.base import Evaluation
from optimizer.point import Job
from optimizer.search.drawn import Drawn, neighbours_drawn
from optimizer.search.judged_point import Judged, best
from optimizer.search.robustness import JudgedNeighbours, Robustness, Side, neighbours, with_robustness
from optimizer.trial_store.store import TrialStore
from studies.run.judge import Judge
from studies.run.outcome import TrialRecord
from studies.study import Study


def drawn_of(records: Sequence[TrialRecord]) -> Drawn:
    """What the search has drawn."""
    lower_of = {r.judged.point.key(): r.lower_of for r in records if r.lower_of is not None}
    return Drawn([r.judged for r in records], [r.phase for r in records], neighbours_of_records(records), lower_of)


def with_drawn_neighbours(records: Sequence[TrialRecord], off: float) -> list[TrialRecord]:
    """The records; those whose neighbours were drawn as trials know them."""
    sides = neighbours_drawn(drawn_of(records), off)
    found = ((record, sides.get(record.judged.point.key())) for record in records)
    return [record if near is None else replace(record, robustness=Robustness(off, near)) for record, near in found]


def judged_with_robustness(records: Sequence[TrialRecord]) -> list[Judged]:
    """Trials whose robustness was checked get the worst violations of themselves and their neighbours."""
    return with_robustness([r.judged for r in records], neighbours_of_records(records))


def neighbours_of_records(records: Sequence[TrialRecord]) -> JudgedNeighbours:
    return {r.judged.point.key(): r.robustness.neighbours for r in records if r.robustness}


def robustness_images(records: Sequence[TrialRecord]) -> int:
    """How many images were drawn for robustness alone: a neighbour that is a trial counts as that."""
    return drawn_of(records).images - len(records)


def draw_neighbour(
    study: Study,
    seed: int,
    judge: Judge,
    trial_store: TrialStore,
    record: TrialRecord,
    side: Side,
    may_write: Callable[[], None],
) -> Generator[Sequence[Job], Sequence[Evaluation], TrialRecord]:
    """Yields the job of one neighbour of a trial, and returns the record with its robustness, stored once it is settled."""
    off = study.spec.search.robustness
    may_write()
    (seen,) = yield [Job(seed, neighbours(record.judged.point, off)[side])]
    may_write()
    drawn = {} if record.robustness is None else dict(record.robustness.neighbours)
    robustness = Robustness(off, {**drawn, side: judge.judge(seen)[0]})
    if robustness.next_side is None:
        trial_store.attributes.set_robustness_checked(record.number, off, list(robustness.neighbours))
    return replace(record, robustness=robustness)


def best_record(records: Sequence[TrialRecord]) -> TrialRecord | None:
    found = best(judged_with_robustness(records)) or best([record.judged for record in records])
    return next((record for record in records if found and record.judged.point.key() == found.point.key()), None)


def stored_robustness(
    study: Study, seed: int, judge: Judge, record: TrialRecord, sides: Sequence[str], evaluate: Callable[[Job], Evaluation]
) -> Robustness | None:
    """What an earlier run found; None if it drew nothing. `sides` are stored with the trial as drawn. `evaluate` loads its
    neighbours, or draws anew those that have left the cache since."""
    off = study.spec.search.robustness
    if off == 0:
        return None
    jobs = {side: Job(seed, point) for side, point in neighbours(record.judged.point, off).items()}
    # Runs that ended before they stored the sides, forks, and older versions leave the images alone.
    drawn = [s for s, job in jobs.items() if s in sides or (record.judged.feasible and study.evaluator.place(job).exists())]
    return Robustness(off, {side: judge.judge(evaluate(jobs[side]))[0] for side in drawn}) if drawn else None

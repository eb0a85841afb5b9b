"""Trials as they are stored and come back, and what they come to: nothing here searches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace

from optimizer.control.control import as_lists
from optimizer.evaluate.base import Evaluation
from optimizer.evaluate.stored_images import load_evaluation
from optimizer.point import Job
from optimizer.render.remote.watched import DriftError
from optimizer.schedules.schedule import as_pairs
from optimizer.search.drawn import judged_points
from optimizer.search.judged_point import best, nearest
from optimizer.search.proof import proof_of
from optimizer.search.robustness import best_robust, neighbours
from optimizer.search.stopping import Ended
from optimizer.search.strategy import Proposal
from optimizer.trial_store.other_trials import CONTROLS, SCHEDULES
from optimizer.trial_store.store import LOWER_OF, TrialStore
from scorers.noise.noise import constraints_of_copies, noise_over, unsteady
from studies.control.words import controls_at
from studies.drawing.section import HuanhuaDraw
from studies.observers.moved_copies import LooksAtCopies, stored_copies
from studies.references.places import compared_with, place_notes
from studies.regions.words import regionable, words_of_regions
from studies.run.blur_policy import BARE, little_clothing
from studies.run.dashboard.notes import trial_note
from studies.run.dashboard.ratings import rating_in, with_rating
from studies.run.judge import Judge
from studies.run.large.stored import stored_large
from studies.run.mended.stored import stored_mended
from studies.run.neighbours import (
    drawn_of,
    judged_with_robustness,
    neighbours_of_records,
    stored_robustness,
    with_drawn_neighbours,
)
from studies.run.outcome import Outcome, TrialRecord, record_of
from studies.schedules.words import schedulable, words_at
from studies.study import Study
from studies.tracking.base import Tracker
from studies.tracking.pictures import BlurredPicture


def trial_store_of(study: Study, seed: int) -> TrialStore:
    return TrialStore(
        f"{study.spec.name}-seed-{seed}", study.storage_url, study.space, study.workspace.artifacts, study.spec.search.robustness
    )


def store_trial(
    study: Study, seed: int, judge: Judge, trial_store: TrialStore, proposal: Proposal, seen: Evaluation
) -> TrialRecord:
    """Judges and stores one trial: from then on a killed run does not lose it."""
    drawn, run_id = _record(study, judge, -1, proposal, seen), trial_store.attributes.run_id()

    def note(number: int, picture: str) -> str:
        return with_rating(trial_note(study.spec.name, seed, replace(drawn, number=number), picture, run_id), "")

    number = trial_store.add(
        proposal.point,
        values=judge.objectives(proposal.point, drawn.scores),
        violations=drawn.judged.violations,
        attrs={
            "phase": proposal.phase,
            "image": drawn.image.name,
            "scores": drawn.scores.to_json(),
            **({BARE: True} if drawn.bare else {}),
            **({SCHEDULES: as_pairs(schedules)} if (schedules := proposal.point.acting_schedules()) else {}),
            **({CONTROLS: as_lists(controls)} if (controls := proposal.point.acting_controls()) else {}),
            **({} if proposal.lower_of is None else {LOWER_OF: study.space.params(proposal.lower_of)}),
        },
        image=drawn.image,
        note=note,
    )
    return replace(drawn, number=number)


def _record(study: Study, judge: Judge, number: int, proposal: Proposal, seen: Evaluation) -> TrialRecord:
    judged, scores = judge.judge(seen)
    constraints, bare = judge.constraints(scores), little_clothing(seen.observation)
    off, files = study.spec.search.robustness, study.space.files_of(proposal.point)
    return TrialRecord(
        number,
        proposal.phase,
        judged,
        scores,
        seen.image,
        bare=bare,
        constraints=constraints,
        robustness_off=off,
        lower_of=proposal.lower_of,
        files=files,
    )


def track_trial(tracker: Tracker, seed: int, record: TrialRecord, *, blurred: bool) -> None:
    """`blurred` shows an image with little clothing as a blur."""
    picture = BlurredPicture(record.image) if record.bare and blurred else record.image
    tracker.log_trial(seed, record.number, record.params(), record.metrics(), picture, record.tags())


def stored_outcome(study: Study, seed: int, judge: Judge) -> Outcome:
    """What earlier runs found, judged by the requirements as they are now. Draws nothing: raises InputError if an image is not
    in the workspace."""
    trial_store = trial_store_of(study, seed)
    records = stored_records(study, seed, judge, trial_store, lambda job: load_evaluation(study.evaluator, job))
    attributes = trial_store.attributes
    return outcome_of(study, seed, judge, records, attributes.chosen(), attributes.ended(judge.require))


def restore_images(study: Study, seed: int) -> None:
    """Brings images of trials that have left the cache back from Optuna's artifacts: none is drawn again."""
    for entry in trial_store_of(study, seed).entries():
        if entry.image is not None:
            study.evaluator.restore(Job(seed, entry.point), entry.image)


def jobs_of_trials(study: Study, seed: int) -> list[Job]:
    """All images that the stored trials are judged by, each once: their own, and those of their robustness."""
    trial_store, off = trial_store_of(study, seed), study.spec.search.robustness
    jobs = []
    for entry in trial_store.entries():
        drawn = trial_store.attributes.robustness_sides(entry.number, off) if off else ()
        points = [point for side, point in neighbours(entry.point, off).items() if side in drawn]
        jobs += [Job(seed, point) for point in (entry.point, *points)]
    return list({job.point.key(): job for job in jobs}.values())


def stored_records(
    study: Study, seed: int, judge: Judge, trial_store: TrialStore, evaluate: Callable[[Job], Evaluation]
) -> list[TrialRecord]:
    """The finished trials with their ratings. `evaluate` loads an image that was drawn alone, or draws it anew."""
    restore_images(study, seed)
    attributes, off = trial_store.attributes, study.spec.search.robustness
    notes = attributes.notes()
    found = []
    for entry in trial_store.entries():
        seen = evaluate(Job(seed, entry.point))
        record = _record(study, judge, entry.number, Proposal(entry.point, entry.phase, entry.lower_of), seen)
        sides = attributes.robustness_sides(entry.number, off)
        robustness = None
        if entry.lower_of is None or sides:
            robustness = stored_robustness(study, seed, judge, record, sides, evaluate)
        found.append(replace(record, rating=rating_in(notes.get(entry.number, "")), robustness=robustness))
    return with_drawn_neighbours(found, off)


def outcome_of(
    study: Study,
    seed: int,
    judge: Judge,
    records: list[TrialRecord],
    chosen: int | None = None,
    ended: Ended | None = None,
    look: LooksAtCopies = stored_copies,
) -> Outcome:
    """`chosen` is the number of the trial that a person prefers to the search's pick, `ended` why the search ended. `look` gives
    the copies that tell the noise of the pick, of the steps of its proof, or of what is nearest to a pick.

    A robust point is preferred to one whose robustness was not checked. Where no point is robust, the cheapest feasible one is
    the pick, and reported as it is.
    """
    plain, history = [r.judged for r in records], judged_with_robustness(records)
    points = judged_points(study.space, drawn_of(records), study.spec.search.robustness)
    found = best_robust(plain, neighbours_of_records(records))
    if found is None and (found := best(plain)):
        history = points = plain
    records = [replace(r, judged=j) for r, j in zip(records, history, strict=True)]
    by_hand = next((r.judged for r in records if r.number == chosen), None)
    pick = by_hand or found
    proof = proof_of(study.space, pick, points) if pick and pick is found else None
    closest = nearest(history) if history else None
    told = [one for one in (pick or closest, *(proof.steps.values() if proof else ())) if one is not None]
    records = _with_noise(study, judge, records, {record_of(records, one).judged.point.key() for one in told}, look)
    found_outcome = Outcome(
        seed=seed,
        trials=tuple(records),
        pick=pick,
        proof=proof,
        nearest=closest,
        require=dict(judge.require),
        limits=judge.limits,
        by_hand=by_hand is not None,
        found=found,
        references=compared_with(study),
        notes=tuple(f"references {name}: {line}" for name, line in place_notes(study, changing=True).items()),
        unmeasurable=judge.unmeasurable,
        spread={n: c.noise / (c.one - c.zero) for n, c in judge.calibrations.items() if c.measurable},
        robustness_off=study.spec.search.robustness,
        ended=ended,
        regions=words_of_regions(study.spec),
        schedules=words_at(study.spec, shown.point) if (shown := pick or closest) else {},
        controls=controls_at(study.spec, shown.point) if shown else {},
        regionable=tuple(regionable(study.spec)),
        schedulable=tuple(schedulable(study.spec)),
        mendable=isinstance(study.spec.draw, HuanhuaDraw),
    )
    mended = stored_mended(study, seed, judge, found_outcome.shown)
    return replace(found_outcome, mended=mended, large=stored_large(study, seed, judge, found_outcome.shown, mended))


def _with_noise(
    study: Study, judge: Judge, records: Sequence[TrialRecord], keys: Set[tuple[object, ...]], look: LooksAtCopies
) -> list[TrialRecord]:
    """The records; those of the points `keys` with the noise of their scores."""
    found = []
    for record in records:
        if record.judged.point.key() in keys:
            seen = constraints_of_copies(judge.images, look(study, record.image))
            record = replace(record, noise=noise_over(seen), unsteady=unsteady(seen))
        found.append(record)
    return found


@contextmanager
def trusted_trials(study: Study, seeds: Sequence[int]) -> Iterator[None]:
    """Where the server turns out to have drifted, the trials of these seeds that it drew meanwhile count no longer: the next run
    draws them again. Raises the DriftError."""
    try:
        yield
    except DriftError as error:
        for seed in seeds:
            store = trial_store_of(study, seed)
            numbers = [trial.number for trial in store.finished() if trial.user_attrs["image"] in error.names]
            if numbers:
                store.attributes.set_aside(numbers)
        raise

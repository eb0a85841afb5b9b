"""What earlier runs of a seed left, judged by the requirements as they are now. Nothing is drawn, and no model is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.errors import InputError
from models.language.translate import joined, phrase
from optimizer.evaluate.stored_images import missing_images
from optimizer.trial_store.other_trials import seeds_with_trials
from studies.run.calibration import load_calibration, missing_calibration
from studies.run.compatibility import check_compatible
from studies.run.judge import Judge
from studies.run.ladders import Ladder
from studies.run.outcome import Outcome
from studies.run.scouting import locked_seeds
from studies.run.trials import jobs_of_trials, restore_images, stored_outcome, trial_store_of
from studies.study import Study


@dataclass(frozen=True)
class Stored:
    """One seed: its judge, the ladders that calibrate it, and the outcome of its trials."""

    judge: Judge
    ladders: Sequence[Ladder]
    outcome: Outcome


def stored(study: Study, seed: int) -> Stored:
    """Raises InputError as `check_stored` does."""
    check_stored(study, seed)
    calibrated = load_calibration(study, seed)
    return Stored(calibrated.judge, calibrated.ladders, stored_outcome(study, seed, calibrated.judge))


def check_stored(study: Study, seed: int) -> None:
    """Raises InputError if nothing was run at this seed, if its trials are not compatible with the study as it is now, or if its
    images are not there."""
    run = phrase("run `huanhua run STUDY --seed {seed}`", seed=seed)
    if not was_run(study, seed):
        raise _not_run(study, seed, run)
    check_compatible(study, seed, trial_store_of(study, seed))
    restore_images(study, seed)
    gone = images_gone(study, seed)
    if gone and (lacking := maps_gone(study, seed)):
        what = phrase(
            "{what} are gone from the workspace, and its images are found by them", what=joined(phrase(" and "), lacking)
        )
        raise InputError(what, phrase("seed {seed}", seed=seed), phrase("{run}, which makes them again", run=run))
    if gone:
        what = phrase("{count} images of it are not in the workspace", count=gone)
        raise InputError(what, phrase("seed {seed}", seed=seed), phrase("{run}, which draws them", run=run))


def _not_run(study: Study, seed: int, run: str) -> InputError:
    there = ", ".join(map(str, stored_seeds(study)))
    if not there:
        return InputError("nothing was run here yet", phrase("seed {seed}", seed=seed), run)
    mend = phrase("{run}, or name one that was run: {seeds}", run=run, seeds=there)
    return InputError(phrase("seed {seed} was not run", seed=seed), study.workspace.root, mend)


def stored_outcomes(study: Study, seed: int | None) -> list[Outcome]:
    """What was found at `seed`, or at all seeds that were run. Raises InputError as `stored` does, or if nothing was run."""
    return [stored(study, s).outcome for s in ([seed] if seed is not None else seeds_run(study))]


def seeds_run(study: Study) -> list[int]:
    """The locked seeds of which trials are stored; all of which trials are stored where no locked one was run, as after the
    workspace's list of them was lost. Raises InputError if there are none."""
    found = [seed for seed in locked_seeds(study) if was_run(study, seed)] or stored_seeds(study)
    if not found:
        raise InputError("nothing was run here yet", study.workspace.root, "run `huanhua run STUDY` first")
    return found


def stored_seeds(study: Study) -> list[int]:
    """Seeds of which finished trials are stored, locked or not."""
    return seeds_with_trials(study.storage_url, f"{study.spec.name}-seed-")


def was_run(study: Study, seed: int) -> bool:
    """Whether any trial of this seed is stored."""
    return bool(trial_store_of(study, seed).finished())


def maps_gone(study: Study, seed: int) -> list[str]:
    """Phrases for what of a seed is not in the workspace that decides its images: regions, and what ControlNets are told. Without
    it no stored image is found; a run makes it again of the locked image."""
    told = {"the regions of its LoRAs": study.regions, "the hints of its ControlNets": study.hints}
    return [phrase(words) for words, source in told.items() if source is not None and source.find(seed) is None]


def images_gone(study: Study, seed: int) -> int:
    """How many of the seed's images the cache has evicted, or are not found: they must be drawn again to be shown."""
    trials = missing_images(study.evaluator, jobs_of_trials(study, seed), alone=True)
    return len(missing_calibration(study, seed) | trials)

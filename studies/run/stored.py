"""What earlier runs of a seed left, judged by the requirements as they stand now. Nothing is drawn, and no model is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.errors import InputError
from studies.report.lookbook_data import images_gone, was_run
from studies.run.before_trials import judge_for
from studies.run.calibration import Ladder
from studies.run.compatibility import check_compatible
from studies.run.judge import Judge
from studies.run.outcome import Outcome
from studies.run.scouting import locked_seeds
from studies.run.trials import restore_images, stored_outcome, trial_store_of
from studies.study import Study


@dataclass(frozen=True)
class Stored:
    """One seed: its judge, the ladders that calibrate it, and what its trials come to."""

    judge: Judge
    ladders: Sequence[Ladder]
    outcome: Outcome


def stored(study: Study, seed: int) -> Stored:
    """Raises InputError if nothing was run at this seed, if its trials were made under other conditions than the study's present
    ones, or if its images are not there."""
    run = f"run `huanhua run STUDY --seed {seed}`"
    if not was_run(study, seed):
        raise InputError("nothing was run here yet", f"seed {seed}", run)
    check_compatible(study, seed, trial_store_of(study, seed))
    restore_images(study, seed)
    gone = images_gone(study, seed)
    if gone:
        what = f"{gone} images of it are not in the workspace"
        raise InputError(what, f"seed {seed}", f"{run}, which draws them")
    judge, ladders = judge_for(study, seed, lambda: None)
    return Stored(judge, ladders, stored_outcome(study, seed, judge))


def stored_outcomes(study: Study, seed: int | None) -> list[Outcome]:
    """What was found at `seed`, or at all seeds that were run. Raises InputError as `stored` does, or if nothing was run."""
    return [stored(study, s).outcome for s in ([seed] if seed is not None else seeds_run(study))]


def seeds_run(study: Study) -> list[int]:
    """The locked seeds of which trials are stored. Raises InputError if there are none."""
    found = [seed for seed in locked_seeds(study) if was_run(study, seed)]
    if not found:
        raise InputError("nothing was run here yet", study.workspace.root, "run `huanhua run STUDY` first")
    return found

"""What is drawn before a seed's trials, and the judge that stands on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from optimizer.point import Job
from scorers.observe.observation import Observation
from studies.references.close_ups import close_ups_lacking, draw_close_ups
from studies.run.calibration import LADDER, Ladder, calibrations, draw_ladders, plain_point
from studies.run.compatibility import check_compatible
from studies.run.judge import Judge
from studies.run.scouting import scout_seeds
from studies.run.trials import trial_store_of
from studies.study import Study

OTHER_SEEDS: Final = 8


def judge_for(study: Study, seed: int, drawn: Callable[[], None]) -> tuple[Judge, list[Ladder]]:
    """Draws the plain image, close-ups of LoRAs without photos, the ladders and the locked image if no earlier run did.

    Raises InputError if trials of this seed are stored that the study as it stands now would draw otherwise.
    """
    check_compatible(study, seed, trial_store_of(study, seed))
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

"""The seeds of a study: those that were scouted, locked or run, each with its start image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from models.language.translate import translated
from optimizer.point import Job
from studies.service.rest.pictures import picture_url

if TYPE_CHECKING:
    from studies.study import Study

MOST: Final = 128
"""Scouted seeds that are looked for."""


def seeds_of(study: Study, key: str) -> list[dict[str, Any]]:
    """The locked ones first, then the soundest. `key` is the study's id. Opens no model: before anything was drawn there are
    the locked seeds alone."""
    from studies.run.scouting import locked_seeds
    from studies.run.stored_results import stored_seeds

    locked, run = locked_seeds(study), set(stored_seeds(study))
    order = list(dict.fromkeys([*locked, *run, *study.spec.scout_seeds(MOST)]))
    seen = {seed: found for seed in order if (found := _start(study, key, seed)) is not None} if study.was_opened() else {}
    known = [seed for seed in order if seed in seen or seed in locked or seed in run]
    rows = [_row(seed, seen.get(seed), locked=seed in locked, run=seed in run) for seed in known]
    return sorted(rows, key=lambda row: (not row["locked"], row["locked"] and locked.index(row["seed"]), row.pop("rank")))


def _start(study: Study, key: str, seed: int) -> dict[str, Any] | None:
    """The image at the start weights, judged as scouting does; None where it was not drawn."""
    from scorers.score.soundness import soundness_of
    from studies.run.blur_policy import little_clothing

    job = Job(seed, study.locked)
    if study.everywhere.find_image(job, alone=False) is None:
        return None
    evaluation = study.everywhere.load(job, alone=False)
    if evaluation is None:
        return None
    sound = soundness_of(evaluation.observation, study.spec.search.allowed())
    return {
        "image": picture_url(key, evaluation.image),
        "bare": little_clothing(evaluation.observation),
        "faults": [translated(fault) for fault in sound.faults],
        "rank": sound.rank,
    }


def _row(seed: int, found: dict[str, Any] | None, *, locked: bool, run: bool) -> dict[str, Any]:
    unseen: dict[str, Any] = {"image": None, "bare": False, "faults": [], "rank": ()}
    return {"seed": seed, "locked": locked, "run": run, **(found or unseen)}

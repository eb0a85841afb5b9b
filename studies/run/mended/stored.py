"""Mended pictures in the workspace, beside each trial's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from studies.run.beside.stored import Shelf, as_stored, store, stored
from studies.run.blur_policy import little_clothing
from studies.run.mended.held import Held
from studies.run.mended.mended import Mended, Redrawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scorers.observe.observation import Observation
    from studies.run.judge import Judge
    from studies.run.outcome import TrialRecord
    from studies.study import Study

FOLDER: Final = "mended"
"""Of the workspace."""
SHELF: Final = Shelf(FOLDER, "mend", frozenset({"redrawn"}))


def store_mended(
    study: Study,
    seed: int,
    record: TrialRecord,
    picture: bytes,
    observation: Observation,
    redrawn: Sequence[Redrawn],
    held: Held | None = None,
) -> None:
    """Stores an encoded picture as the mended one of a trial, in the place of an earlier one."""
    told = {"redrawn": [one.to_json() for one in redrawn], "control": None if held is None else held.to_json()}
    store(SHELF, study, seed, record, record.image, picture, observation, told)


def stored_mended(study: Study, seed: int, judge: Judge, record: TrialRecord | None) -> Mended | None:
    """What is stored beside a trial; None where nothing is, or what is was made of another picture or seen by other scorers."""
    found = None if record is None else stored(SHELF, study, seed, judge, record, record.image)
    if found is None or record is None:
        return None
    with as_stored(SHELF, found.told_in):
        redrawn = tuple(Redrawn.from_json(one) for one in found.told["redrawn"])
        # What was stored before ControlNets led mends does not say so.
        led_by = found.told.get("control")
        held = None if led_by is None else Held.from_json(led_by)
    return Mended(record.number, found.image, redrawn, found.judged, found.scores, little_clothing(found.observation), held)

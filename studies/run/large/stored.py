"""Large pictures in the workspace, beside each trial's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from studies.run.beside.stored import Shelf, as_stored, store, stored
from studies.run.blur_policy import little_clothing
from studies.run.large.large import Large, Making

if TYPE_CHECKING:
    from pathlib import Path

    from scorers.observe.observation import Observation
    from studies.run.judge import Judge
    from studies.run.mended.mended import Mended
    from studies.run.outcome import TrialRecord
    from studies.study import Study

FOLDER: Final = "large"
"""Of the workspace."""
SHELF: Final = Shelf(FOLDER, "enlarge", frozenset({"making"}))


def source_of(record: TrialRecord, mended: Mended | None) -> Path:
    """The picture of a trial that is enlarged: its mended one where there is one."""
    return record.image if mended is None else mended.image


def store_large(
    study: Study, seed: int, record: TrialRecord, source: Path, picture: bytes, observation: Observation, making: Making
) -> None:
    """Stores an encoded picture as the large one of a trial, in the place of an earlier one. Raises as `store` does."""
    store(SHELF, study, seed, record, source, picture, observation, {"making": making.to_json()})


def stored_large(study: Study, seed: int, judge: Judge, record: TrialRecord | None, mended: Mended | None) -> Large | None:
    """What is stored beside a trial; None where nothing is, or what is was made of another picture (the trial was mended since,
    or mended anew) or seen by other scorers."""
    if record is None:
        return None
    source = source_of(record, mended)
    found = stored(SHELF, study, seed, judge, record, source)
    if found is None:
        return None
    with as_stored(SHELF, found.told_in):
        making = Making.from_json(found.told["making"])
    bare = little_clothing(found.observation)
    return Large(record.number, found.image, source, making, found.observation, found.judged, found.scores, bare)

"""Mended pictures in the workspace: a PNG beside each trial's own, and a JSON file that says what it is.

The JSON file is written last and names the PNG by its content: a mend that is killed leaves what was there before.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.io.files import write_whole
from optimizer.search.judged_point import Judged
from scorers.observe.observation import Observation
from studies.run.blur_policy import little_clothing
from studies.run.mended.mended import Mended, Redrawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studies.run.judge import Judge
    from studies.run.outcome import TrialRecord
    from studies.study import Study

FOLDER: Final = "mended"
"""Of the workspace."""


def store_mended(
    study: Study, seed: int, record: TrialRecord, picture: bytes, observation: Observation, redrawn: Sequence[Redrawn]
) -> None:
    """Stores an encoded picture as the mended one of a trial, in the place of an earlier one."""
    folder, stem = study.workspace.root / FOLDER, _stem(seed, record)
    folder.mkdir(parents=True, exist_ok=True)
    earlier = set(folder.glob(f"{stem}.*.png"))
    place = folder / f"{stem}.{hashlib.sha256(picture).hexdigest()[:12]}.png"
    write_whole(place, picture)
    told = {
        "picture": place.name,
        "of": record.image.name,
        "observer": study.observer_id,
        "redrawn": [one.to_json() for one in redrawn],
        "observation": observation.to_json(),
    }
    write_whole(folder / f"{stem}.json", json.dumps(told, indent=1).encode())
    for old in earlier - {place}:
        with suppress(OSError):
            old.unlink()


def stored_mended(study: Study, seed: int, judge: Judge, record: TrialRecord | None) -> Mended | None:
    """What is stored beside a trial; None where nothing is, or what is was made of another picture or seen by other scorers."""
    if record is None:
        return None
    told = _read(study.workspace.root / FOLDER / f"{_stem(seed, record)}.json")
    if told is None or told["of"] != record.image.name or told["observer"] != study.observer_id:
        return None
    image = study.workspace.root / FOLDER / Path(told["picture"]).name
    if not image.is_file():
        return None
    observation = Observation.from_json(told["observation"])
    scores = judge.scores(observation)
    violations = {constraint.name: constraint.violation for constraint in judge.constraints(scores)}
    judged = Judged(record.judged.point, judge.space.cost(record.judged.point), violations)
    redrawn = tuple(Redrawn.from_json(one) for one in told["redrawn"])
    return Mended(record.number, image, redrawn, judged, scores, little_clothing(observation))


def _stem(seed: int, record: TrialRecord) -> str:
    return f"seed-{seed}-trial-{record.number}"


def _read(path: Path) -> Any:
    """Raises InputError for a damaged file."""
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not {"picture", "of", "observer", "redrawn", "observation"} <= found.keys():
            raise ValueError("not what was stored")
    except (ValueError, AttributeError) as error:
        raise InputError("a damaged file of the workspace", path, "delete it: `huanhua mend STUDY` writes it anew") from error
    return found

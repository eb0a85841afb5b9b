"""Pictures that are kept beside a trial's own: a PNG each, and a JSON file that says what it is and how it was observed.

The JSON file is written last and names the PNG by its content: whoever is killed leaves what was there before.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from models.io.disk import writing
from models.io.files import write_whole
from models.language.translate import phrase
from optimizer.search.judged_point import Judged
from scorers.observe.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scorers.score.scores import Scores
    from studies.run.judge import Judge
    from studies.run.outcome import TrialRecord
    from studies.study import Study


@dataclass(frozen=True)
class Shelf:
    """Pictures of one kind."""

    folder: str
    """Of the workspace."""
    verb: str
    """That makes them."""
    keys: frozenset[str]
    """What is told of each, besides what all tell."""


@dataclass(frozen=True)
class Beside:
    """What is stored beside a trial, judged by the requirements as they are now."""

    image: Path
    told_in: Path
    told: Mapping[str, Any]
    observation: Observation
    judged: Judged
    """The trial's point with the violations of this picture alone."""
    scores: Scores


DIGITS: Final = 12
"""Of the hash that a picture's name ends with."""
COMMON = frozenset({"picture", "of", "observer", "observation"})


def store(
    shelf: Shelf, study: Study, seed: int, record: TrialRecord, made_of: Path, picture: bytes, observed: Observation, told: Any
) -> None:
    """Stores an encoded picture that was made of `made_of` and observed so, in the place of an earlier one of the trial.

    Raises InputError for a disk that is full or closed; nothing is half written then.
    """
    folder, stem = study.workspace.root / shelf.folder, _stem(seed, record)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        earlier = set(folder.glob(f"{stem}.*.png"))
        place = folder / f"{stem}.{hashlib.sha256(picture).hexdigest()[:DIGITS]}.png"
        write_whole(place, picture)
        common = {"picture": place.name, "of": made_of.name, "observer": study.observer_id, "observation": observed.to_json()}
        write_whole(folder / f"{stem}.json", json.dumps({**common, **told}, indent=1).encode())
    for old in earlier - {place}:
        with suppress(OSError):
            old.unlink()


def stored(shelf: Shelf, study: Study, seed: int, judge: Judge, record: TrialRecord, made_of: Path) -> Beside | None:
    """What is stored beside a trial; None where nothing is, or what is was made of another picture or seen by other scorers.

    Raises InputError for a damaged file, and a picture that is not the one that was stored.
    """
    folder = study.workspace.root / shelf.folder
    told_in = folder / f"{_stem(seed, record)}.json"
    told = _read(shelf, told_in)
    if told is None or told["of"] != made_of.name or told["observer"] != study.observer_id:
        return None
    image = folder / Path(told["picture"]).name
    if not image.is_file():
        return None
    if hashlib.sha256(image.read_bytes()).hexdigest()[:DIGITS] != image.stem.rpartition(".")[2]:
        raise _damaged(shelf, image)
    observation = Observation.from_json(told["observation"])
    scores = judge.scores(observation)
    violations = {constraint.name: constraint.violation for constraint in judge.constraints(scores)}
    judged = Judged(record.judged.point, judge.space.cost(record.judged.point), violations)
    return Beside(image, told_in, told, observation, judged, scores)


def _stem(seed: int, record: TrialRecord) -> str:
    return f"seed-{seed}-trial-{record.number}"


def _read(shelf: Shelf, path: Path) -> Any:
    if not path.is_file():
        return None
    with as_stored(shelf, path):
        found = json.loads(path.read_text(encoding="utf-8"))
        if not COMMON | shelf.keys <= found.keys():
            raise ValueError("not what was stored")
    return found


@contextmanager
def as_stored(shelf: Shelf, path: Path) -> Iterator[None]:
    """Raises InputError where what a file holds is not what was stored there."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise _damaged(shelf, path) from error


def _damaged(shelf: Shelf, path: Path) -> InputError:
    """What to raise for a file that is not as it was stored."""
    mend = phrase("delete it: `huanhua {verb} STUDY` writes it anew", verb=shelf.verb)
    return InputError("a damaged file of the workspace", path, mend)

"""The Optuna study of one locked seed: every judged point is a trial, with objectives, named constraints and its image.

Several objectives (cost down, worst garment up, identity up, hands down) so that optuna-dashboard shows the trade-offs; the
search itself looks at the cost and the constraints alone.
"""

from __future__ import annotations

import json
import shutil
import uuid
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from models.errors import InputError
from optimizer.notes import attributes_of, notes_of
from optimizer.one_transaction import store_trial
from optimizer.point import Point
from optimizer.search import Phase
from optimizer.space import Space

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

OBJECTIVES = ("total weight", "worst garment", "identity", "broken hands")
DIRECTIONS: Final[Sequence[Literal["minimize", "maximize"]]] = ("minimize", "maximize", "maximize", "minimize")
CHOSEN: Final = "chosen by hand"
"""The study's user attribute that holds the number of the trial that a person chose."""


@dataclass(frozen=True)
class Entry:
    """A finished trial as stored."""

    number: int
    point: Point
    phase: Phase


@dataclass
class Ledger:
    """Opens the study `name` in `storage` (a database URL); images go to Optuna's artifact store in `artifacts`.

    The study is made by the first trial: looking at one that was never run makes nothing.
    """

    name: str
    storage: str
    space: Space
    artifacts: Path

    def entries(self) -> list[Entry]:
        """The finished trials in order."""
        return [
            Entry(trial.number, self.space.from_params(trial.params), trial.user_attrs["phase"]) for trial in self._finished()
        ]

    def drop_unfinished(self) -> int:
        """Marks trials that a killed run left running as failed; their images, if drawn, are in the cache."""
        from optuna.trial import TrialState

        if self._known is None:
            return 0
        study, states = self._study, (TrialState.RUNNING, TrialState.WAITING)
        running = study.get_trials(deepcopy=False, states=states)
        for trial in running:
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
        return len(running)

    def add(
        self,
        point: Point,
        *,
        values: Sequence[float],
        margins: Mapping[str, float],
        attrs: Mapping[str, Any],
        image: Path,
        note: Callable[[int, str], str] = lambda number, picture: "",
    ) -> int:
        """Stores a finished trial and returns its number. It is there as a whole or not at all: one transaction.

        `note` is given the number and the address of the image in optuna-dashboard, and gives the trial's note.
        """
        from optuna.trial import create_trial

        artifact, told = self._put(image)
        trial = create_trial(
            # Rounded for people: the dashboard shows every digit.
            values=[round(value, 6) for value in values],
            params=self.space.params(point),
            distributions=self.space.distributions(),
            user_attrs={**attrs, "artifact": artifact},
            # optuna-dashboard 0.21 reads constraints only from this older place.
            system_attrs={"constraints": list(margins.values()), **told},
            constraints=dict(margins),
        )
        study = self._study

        def told_with_it(identity: int, number: int) -> Mapping[str, Any]:
            return attributes_of(identity, note(number, self._address(identity, artifact)), {})

        return store_trial(study._storage, study._study_id, trial, told_with_it)[1]

    def picture(self, number: int) -> str:
        """The address of a trial's image in optuna-dashboard, from its root."""
        trial = self._trial(number)
        return self._address(trial._trial_id, trial.user_attrs["artifact"])

    def chosen(self) -> int | None:
        """The number of the trial that a person chose over the search's own pick."""
        held = None if self._known is None else self._known.user_attrs.get(CHOSEN)
        return None if held is None else int(held)

    def choose(self, number: int | None) -> None:
        """Keeps what a person chose; None leaves the choice to the search again."""
        self._study.set_user_attr(CHOSEN, number)

    def notes(self) -> dict[int | None, str]:
        """optuna-dashboard's notes by trial number, that of the study by None."""
        if self._known is None:
            return {}
        numbers: dict[int | None, int | None] = {trial._trial_id: trial.number for trial in self._finished()}
        numbers[None] = None
        return {numbers[trial]: text for trial, text in notes_of(self._attributes()).items() if trial in numbers}

    def write_note(self, number: int | None, text: str) -> None:
        """Writes the note of a trial, or of the study."""
        trial = None if number is None else self._trial(number)._trial_id
        study = self._study
        for key, value in attributes_of(trial, text, self._attributes()).items():
            study._storage.set_study_system_attr(study._study_id, key, value)

    def show_figure(self, name: str, figure: Any) -> None:
        """Shows a figure on the study's page of optuna-dashboard, in the place of one of the same name. Its `to_json` gives
        plotly's JSON."""
        from optuna_dashboard import save_plotly_graph_object

        save_plotly_graph_object(self._study, figure, graph_object_id=name)

    def _address(self, identity: int, artifact: str) -> str:
        return f"/artifacts/{self._study._study_id}/{identity}/{artifact}"

    def _put(self, image: Path) -> tuple[str, dict[str, str]]:
        """The artifact's name, and the attribute that `optuna.artifacts` keeps of it. The file is there before it is named."""
        from optuna.artifacts import ArtifactMeta

        name = str(uuid.uuid4())
        self.artifacts.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image, self.artifacts / name)
        return name, {f"artifacts:{name}": json.dumps(vars(ArtifactMeta(name, image.name, "image/png", None)))}

    def _finished(self) -> list[FrozenTrial]:
        from optuna.trial import TrialState

        return [] if self._known is None else self._known.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))

    def _trial(self, number: int) -> FrozenTrial:
        return next(trial for trial in self._finished() if trial.number == number)

    def _attributes(self) -> dict[str, Any]:
        return self._study._storage.get_study_system_attrs(self._study._study_id)

    @property
    def _known(self) -> Study | None:
        """The study, if it was made."""
        import optuna

        if "_study" in self.__dict__:
            return self._study
        if (file := _sqlite_file(self.storage)) and not file.exists():
            return None
        try:
            # Optuna asks for a sampler, which it never uses.
            sampler = optuna.samplers.RandomSampler(seed=0)
            self.__dict__["_study"] = optuna.load_study(study_name=self.name, storage=self._open, sampler=sampler)
        except KeyError:
            return None
        return self._study

    @cached_property
    def _study(self) -> Study:
        import optuna

        study = optuna.create_study(
            study_name=self.name,
            storage=self._open,
            directions=DIRECTIONS,
            load_if_exists=True,
            sampler=optuna.samplers.RandomSampler(seed=0),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names(list(OBJECTIVES))
        return study

    @property
    def _open(self) -> BaseStorage:
        return _opened(self.storage)


@cache
def _opened(url: str) -> BaseStorage:
    """One storage for all seeds of a study: opening it takes longer than reading it."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if file := _sqlite_file(url):
        _write_ahead(file)
    return optuna.storages.get_storage(url)


def _sqlite_file(url: str) -> Path | None:
    prefix = "sqlite:///"
    return Path(url.removeprefix(prefix)) if url.startswith(prefix) and "?" not in url else None


def _write_ahead(database: Path) -> None:
    """Lets dashboards read while a trial is written, and a write wait for the disk once instead of twice (decision 0017)."""
    import sqlite3
    from contextlib import closing

    try:
        with closing(sqlite3.connect(database)) as opened:
            opened.execute("PRAGMA journal_mode=WAL")
    except sqlite3.DatabaseError as error:
        raise InputError(
            f"the storage does not open ({error})", database, "put back a copy, or name another workspace"
        ) from error

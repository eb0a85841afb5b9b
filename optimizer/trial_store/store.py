"""The Optuna study of one locked seed: every judged point is a trial, with objectives, named constraints and its image.

Several objectives (the cost, then those of scorers.score.objectives) so that optuna-dashboard shows the trade-offs; the
search itself looks at the cost and the constraints alone.
"""

from __future__ import annotations

import itertools
import json
import shutil
import uuid
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from models.errors import InputError
from optimizer.point import Point
from optimizer.search.judged import Judged
from optimizer.search.space import Space
from optimizer.search.strategy import Phase
from optimizer.trial_store.notes import attributes_of, notes_of
from optimizer.trial_store.retry import patiently
from optimizer.trial_store.transaction import store_trial
from scorers.score.objectives import OBJECTIVES

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial, TrialState

METRICS: Final = ("total weight", *(objective.name for objective in OBJECTIVES))
DIRECTIONS: Final[Sequence[Literal["minimize", "maximize"]]] = ("minimize", *(objective.direction for objective in OBJECTIVES))
CHOSEN: Final = "chosen by hand"
"""The study's user attribute that holds the number of the trial that a person chose."""
CONDITIONS: Final = "conditions"
ROBUSTNESS_CHECKED: Final = "tried beside"
"""The study's user attribute with the numbers of trials whose robustness was checked, and how far off their weights."""
STORAGES: Final = 8
"""Databases that are kept open at most."""


@dataclass(frozen=True)
class Entry:
    """A finished trial as stored."""

    number: int
    point: Point
    phase: Phase
    image: Path | None = None
    """Its copy in the artifact store."""


def trials_of_others(storage: str, prefix: str, name: str, space: Space) -> list[list[tuple[Judged, Mapping[str, Any]]]]:
    """Finished trials of the studies whose names begin with `prefix`, but for `name`: as judged when drawn, and their attributes.

    Trials of other LoRAs than those of the space are left out.
    """
    import optuna
    from optuna.trial import TrialState

    wanted = set(space.distributions())
    found: list[list[tuple[Judged, Mapping[str, Any]]]] = []
    held = _opened(storage)
    for other in sorted(optuna.get_all_study_names(held)):
        if other == name or not (other.startswith(prefix) and other[len(prefix) :].isdigit()):
            continue
        # Optuna asks for a sampler, which it never uses.
        study = optuna.load_study(study_name=other, storage=held, sampler=optuna.samplers.RandomSampler(seed=0))
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        points = [(space.from_params(t.params), t) for t in trials if set(t.params) == wanted]
        found.append([(Judged(p, space.cost(p), _named(t)), t.user_attrs) for p, t in points])
    return [trials for trials in found if trials]


def _named(trial: FrozenTrial) -> dict[str, float]:
    """Margins by requirement. Those that optuna-dashboard reads are kept a second time, by number."""
    return {name: margin for name, margin in trial.constraints.items() if not name.isdigit()}


@dataclass
class TrialStore:
    """Opens the study `name` in `storage` (a database URL); images go to Optuna's artifact store in `artifacts`.

    The study is made by the first trial: looking at one that was never run makes nothing.
    """

    name: str
    storage: str
    space: Space
    artifacts: Path

    def entries(self) -> list[Entry]:
        """The finished trials in order."""
        found = []
        for trial in self.finished():
            attrs = trial.user_attrs
            copy = self.artifacts / attrs["artifact"] if "artifact" in attrs else None
            found.append(Entry(trial.number, self.space.from_params(trial.params), attrs["phase"], copy))
        return found

    def finished(self) -> list[FrozenTrial]:
        """The same as Optuna keeps them: parameters as they were drawn, whatever the space is now."""
        from optuna.trial import TrialState

        return self._trials(TrialState.COMPLETE)

    def drop_unfinished(self) -> int:
        """Marks trials that a killed run left running as failed; their images, if drawn, are in the cache."""
        from optuna.trial import TrialState

        running = self._trials(TrialState.RUNNING, TrialState.WAITING)
        for trial in running:
            # Study.tell refuses a trial that was enqueued and never asked for.
            self._study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
        return len(running)

    def conditions(self) -> Mapping[str, Any]:
        """What was kept by `set_conditions`, as JSON values."""
        held: Mapping[str, Any] = self._attribute(CONDITIONS) or {}
        return held

    def set_conditions(self, conditions: Mapping[str, Any]) -> None:
        """Keeps what the trials are made under."""
        patiently(lambda: self._study.set_user_attr(CONDITIONS, dict(conditions)))

    def add(
        self,
        point: Point,
        *,
        values: Sequence[float],
        violations: Mapping[str, float],
        attrs: Mapping[str, Any],
        image: Path,
        note: Callable[[int, str], str] = lambda number, picture: "",
    ) -> int:
        """Stores a finished trial and returns its number. It is there as a whole or not at all: one transaction, tried again
        while the database is away.

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
            system_attrs={"constraints": list(violations.values()), **told},
            constraints=dict(violations),
        )

        def told_with_it(identity: int, number: int) -> Mapping[str, Any]:
            return attributes_of(identity, note(number, self._address(identity, artifact)), {})

        attempts = itertools.count()

        def store() -> int:
            # A connection that broke while it committed does not tell whether the trial is there.
            if next(attempts) and (number := self._number_of(artifact)) is not None:
                return number
            return store_trial(self._study._storage, self._study._study_id, trial, told_with_it)[1]

        return patiently(store)

    def picture(self, number: int) -> str:
        """The address of a trial's image in optuna-dashboard, from its root."""
        trial = self._trial(number)
        return self._address(trial._trial_id, trial.user_attrs["artifact"])

    def chosen(self) -> int | None:
        """The number of the trial that a person chose over the search's own pick."""
        held = self._attribute(CHOSEN)
        return None if held is None else int(held)

    def choose(self, number: int | None) -> None:
        """Keeps what a person chose; None leaves the choice to the search again."""
        patiently(lambda: self._study.set_user_attr(CHOSEN, number))

    def robustness_checked(self) -> dict[int, float]:
        """By number of the trials whose robustness was checked, how far off their weights."""
        return {int(number): float(off) for number, off in (self._attribute(ROBUSTNESS_CHECKED) or {}).items()}

    def store_robustness_checked(self, number: int, off: float) -> None:
        """Stores that a trial was checked: its neighbours are rendered again if they leave the cache."""
        checked = {str(n): o for n, o in {**self.robustness_checked(), number: off}.items()}
        patiently(lambda: self._study.set_user_attr(ROBUSTNESS_CHECKED, checked))

    def notes(self) -> dict[int | None, str]:
        """optuna-dashboard's notes by trial number, that of the study by None."""
        numbers: dict[int | None, int | None] = {trial._trial_id: trial.number for trial in self.finished()}
        numbers[None] = None
        return {numbers[trial]: text for trial, text in notes_of(self._attributes()).items() if trial in numbers}

    def write_note(self, number: int | None, text: str) -> None:
        """Writes the note of a trial, or of the study."""
        trial = None if number is None else self._trial(number)._trial_id
        for key, value in attributes_of(trial, text, self._attributes()).items():
            patiently(partial(self._set_attribute, key, value))

    def show_figure(self, name: str, figure: Any) -> None:
        """Shows a figure on the study's page of optuna-dashboard, in the place of one of the same name. Its `to_json` gives
        plotly's JSON."""
        from optuna_dashboard import save_plotly_graph_object

        patiently(lambda: save_plotly_graph_object(self._study, figure, graph_object_id=name))

    def _address(self, identity: int, artifact: str) -> str:
        return f"/artifacts/{self._study._study_id}/{identity}/{artifact}"

    def _put(self, image: Path) -> tuple[str, dict[str, str]]:
        """The artifact's name, and the attribute that `optuna.artifacts` keeps of it. The file is there before it is named."""
        from optuna.artifacts import ArtifactMeta

        name = str(uuid.uuid4())
        self.artifacts.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image, self.artifacts / name)
        return name, {f"artifacts:{name}": json.dumps(vars(ArtifactMeta(name, image.name, "image/png", None)))}

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        return patiently(lambda: [] if self._known is None else self._known.get_trials(deepcopy=False, states=states))

    def _trial(self, number: int) -> FrozenTrial:
        return next(trial for trial in self.finished() if trial.number == number)

    def _number_of(self, artifact: str) -> int | None:
        return next((trial.number for trial in self.finished() if trial.user_attrs.get("artifact") == artifact), None)

    def _attribute(self, key: str) -> Any:
        """A user attribute of the study; None if it has none such."""
        return patiently(lambda: None if self._known is None else self._known.user_attrs.get(key))

    def _attributes(self) -> dict[str, Any]:
        """The study's system attributes."""
        return patiently(
            lambda: {} if self._known is None else self._known._storage.get_study_system_attrs(self._known._study_id)
        )

    def _set_attribute(self, key: str, value: Any) -> None:
        self._study._storage.set_study_system_attr(self._study._study_id, key, value)

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
            study.set_metric_names(list(METRICS))
        return study

    @property
    def _open(self) -> BaseStorage:
        return _opened(self.storage)


@lru_cache(STORAGES)
def _opened(url: str) -> BaseStorage:
    """One storage for all seeds of a study: opening it takes longer than reading it."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if file := _sqlite_file(url):
        _write_ahead(file)
    # A connection that a restarted server has closed is opened again.
    engine = {} if url.startswith("sqlite") else {"pool_pre_ping": True}
    with _schema_unasked() if file and _made_by_this_optuna(file) else nullcontext():
        storage = optuna.storages.RDBStorage(url, engine_kwargs=engine)
    weakref.finalize(storage, storage.engine.dispose)
    return optuna.storages.get_storage(storage)


def _made_by_this_optuna(database: Path) -> bool:
    """Whether its tables were made by the very release that would ask alembic what they are."""
    import sqlite3
    from contextlib import closing

    import optuna

    with closing(sqlite3.connect(database)) as opened:
        try:
            told = opened.execute("SELECT library_version FROM version_info").fetchall()
            stamped = opened.execute("SELECT version_num FROM alembic_version").fetchall()
        except sqlite3.OperationalError:  # no such tables yet: Optuna makes them
            return False
    return told == [(optuna.__version__,)] and len(stamped) == 1


@contextmanager
def _schema_unasked() -> Iterator[None]:
    """Optuna's storage without its question to alembic, whose import takes a fifth of a `show`."""
    from optuna.storages._rdb import storage

    class OpenedFacts(storage._VersionManager):
        def _init_alembic(self) -> None:
            """The file is stamped already."""

        def check_table_schema_compatibility(self) -> None:
            """What this release made, it reads."""

    asked = storage._VersionManager
    storage._VersionManager = OpenedFacts  # type: ignore[misc]
    try:
        yield
    finally:
        storage._VersionManager = asked  # type: ignore[misc]


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

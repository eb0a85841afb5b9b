"""The stored trials of one locked seed: every judged point is an Optuna trial, with objectives, named constraints and its image.

Several objectives (the cost, then those of scorers.score.objectives) so that optuna-dashboard shows the trade-offs; the search
itself reads the cost and the constraints alone. Optuna's private names that this package uses hold for its minor version, which
pyproject.toml pins.
"""

from __future__ import annotations

import itertools
import json
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.errors import InputError
from optimizer.point import Point
from optimizer.search.space import Space
from optimizer.search.strategy import Phase
from optimizer.trial_store.notes import attributes_of
from optimizer.trial_store.optuna_study import OptunaStudy
from optimizer.trial_store.retry import with_retries
from optimizer.trial_store.study_attributes import StudyAttributes
from optimizer.trial_store.transaction import store_trial

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


LOWER_OF: Final = "lower neighbour of"
"""Key of the attribute of a trial that was drawn as a lower neighbour: the parameters of the point."""


@dataclass(frozen=True)
class Entry:
    """A finished trial as stored."""

    number: int
    point: Point
    phase: Phase
    image: Path | None = None
    """Its copy in the artifact store."""
    lower_of: Point | None = None
    """The point whose lower neighbour it was drawn as."""


@dataclass
class TrialStore:
    """The trials of the study `name` in `storage` (a database URL); images go to Optuna's artifact store in `artifacts`.

    The study is made by the first trial: reading one that was never run makes nothing.
    """

    name: str
    storage: str
    space: Space
    artifacts: Path
    off: float = 0.0
    """How far from the grid neighbours of its points may be drawn, in units of weight."""

    @cached_property
    def study(self) -> OptunaStudy:
        return OptunaStudy(self.name, self.storage)

    @cached_property
    def attributes(self) -> StudyAttributes:
        """What is stored besides the trials."""
        return StudyAttributes(self.study)

    def entries(self) -> list[Entry]:
        """The finished trials in order."""
        found = []
        for trial in self.finished():
            attrs = trial.user_attrs
            copy = self.artifacts / attrs["artifact"] if "artifact" in attrs else None
            of = self.space.from_params(attrs[LOWER_OF]) if LOWER_OF in attrs else None
            found.append(Entry(trial.number, self.space.drawn_point(trial.params), attrs["phase"], copy, of))
        return found

    def finished(self) -> list[FrozenTrial]:
        """The same as Optuna stores them: parameters as they were drawn, whatever the space is now."""
        return self.study.finished()

    def drop_unfinished(self) -> int:
        """Marks trials that a killed run left running as failed; their images, if drawn, are in the cache."""
        from optuna.trial import TrialState

        unfinished = self.study.trials(TrialState.RUNNING, TrialState.WAITING)
        for trial in unfinished:
            # Study.tell refuses a trial that was enqueued and never asked for.
            self.study.storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
        return len(unfinished)

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

        `note` is given the number and the address of the image in optuna-dashboard, and gives the trial's note. Raises
        InputError if the study was deleted since it was opened.
        """
        from optuna.trial import create_trial

        artifact, artifact_attrs = self._store_image(image)
        trial = create_trial(
            # Rounded for people: the dashboard shows every digit.
            values=[round(value, 6) for value in values],
            params=self.space.params(point),
            distributions=self.space.distributions(self.off),
            user_attrs={**attrs, "artifact": artifact},
            # optuna-dashboard 0.21 reads constraints only from this older place.
            system_attrs={"constraints": list(violations.values()), **artifact_attrs},
            constraints=dict(violations),
        )

        def note_attributes(trial_id: int, number: int) -> Mapping[str, Any]:
            return attributes_of(trial_id, note(number, self._address(trial_id, artifact)), {})

        attempts = itertools.count()

        def store() -> int:
            # A connection that broke while it committed leaves open whether the trial is there.
            if next(attempts) and (number := self._number_of(artifact)) is not None:
                return number
            try:
                return store_trial(self.study.storage, self.study.id, trial, note_attributes)[1]
            except KeyError as error:
                what = "its Optuna study was deleted meanwhile"
                raise InputError(what, self.name, "give the same command again: it starts anew") from error

        return with_retries(store)

    def picture(self, number: int) -> str:
        """The address of a trial's image in optuna-dashboard, from its root."""
        trial = self.study.trial(number)
        return self._address(trial._trial_id, trial.user_attrs["artifact"])

    def _address(self, trial_id: int, artifact: str) -> str:
        return f"/artifacts/{self.study.id}/{trial_id}/{artifact}"

    def _store_image(self, image: Path) -> tuple[str, dict[str, str]]:
        """The artifact's name, and the attribute that `optuna.artifacts` keeps of it. The file is there before it is named."""
        from optuna.artifacts import ArtifactMeta

        name = str(uuid.uuid4())
        self.artifacts.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(image, self.artifacts / name)
        return name, {f"artifacts:{name}": json.dumps(vars(ArtifactMeta(name, image.name, "image/png", None)))}

    def _number_of(self, artifact: str) -> int | None:
        return next((trial.number for trial in self.finished() if trial.user_attrs.get("artifact") == artifact), None)

"""The Optuna study of one locked seed: opened on first use, made by the first write."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from models.io.sqlite_url import sqlite_path
from optimizer.trial_store.retry import with_retries
from optimizer.trial_store.storages import open_storage
from scorers.score.objectives import OBJECTIVES

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial, TrialState

METRICS: Final = ("total weight", *(objective.name for objective in OBJECTIVES))
SET_ASIDE: Final = "set aside"
"""Key of a user attribute: numbers of finished trials that do not count."""
DIRECTIONS: Final[Sequence[Literal["minimize", "maximize"]]] = ("minimize", *(objective.direction for objective in OBJECTIVES))


@dataclass
class OptunaStudy:
    """The study `name` in the storage at `url`. Reads of a study that was never made make nothing, and give nothing."""

    name: str
    url: str
    _study: Study | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def storage(self) -> BaseStorage:
        return open_storage(self.url)

    @property
    def id(self) -> int:
        """Optuna's own; makes the study if there is none."""
        return self.get()._study_id

    def find(self) -> Study | None:
        """The study, if it was made."""
        import optuna

        if self._study is not None:
            return self._study
        if (file := sqlite_path(self.url)) and not file.exists():
            return None
        try:
            # Optuna asks for a sampler, which it never uses.
            sampler = optuna.samplers.RandomSampler(seed=0)
            self._study = optuna.load_study(study_name=self.name, storage=self.storage, sampler=sampler)
        except KeyError:
            return None
        return self._study

    def get(self) -> Study:
        """The study; makes it if there is none."""
        import optuna

        if self._study is not None:
            return self._study
        study = optuna.create_study(
            study_name=self.name,
            storage=self.storage,
            directions=DIRECTIONS,
            load_if_exists=True,
            sampler=optuna.samplers.RandomSampler(seed=0),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names(list(METRICS))
        self._study = study
        return study

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """Those in one of `states`, in order."""

        def read() -> list[FrozenTrial]:
            study = self.find()
            return [] if study is None else study.get_trials(deepcopy=False, states=states)

        return with_retries(read)

    def finished(self) -> list[FrozenTrial]:
        """Without those that were set aside."""
        from optuna.trial import TrialState

        aside = set(self.attribute(SET_ASIDE) or [])
        return [trial for trial in self.trials(TrialState.COMPLETE) if trial.number not in aside]

    def trial(self, number: int) -> FrozenTrial:
        """A finished trial. Raises StopIteration if there is none of this number."""
        return next(trial for trial in self.finished() if trial.number == number)

    def attribute(self, key: str) -> Any:
        """A user attribute of the study; None if it has none such."""

        def read() -> Any:
            study = self.find()
            return None if study is None else study.user_attrs.get(key)

        return with_retries(read)

    def set_attribute(self, key: str, value: Any) -> None:
        with_retries(lambda: self.get().set_user_attr(key, value))

    def system_attributes(self) -> dict[str, Any]:
        """Those that Optuna and its dashboard keep of the study."""

        def read() -> dict[str, Any]:
            study = self.find()
            return {} if study is None else self.storage.get_study_system_attrs(study._study_id)

        return with_retries(read)

    def set_system_attribute(self, key: str, value: Any) -> None:
        with_retries(lambda: self.storage.set_study_system_attr(self.id, key, value))

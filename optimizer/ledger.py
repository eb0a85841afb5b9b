"""The Optuna study of one locked seed: every judged point is a trial, with objectives, named constraints and its image.

Several objectives (cost down, worst garment up, identity up, hands down) so that optuna-dashboard shows the trade-offs; the
search itself looks at the cost and the constraints alone.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from optimizer.patience import patiently
from optimizer.point import Point
from optimizer.search import Phase
from optimizer.space import Space

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

OBJECTIVES = ("total weight", "worst garment", "identity", "broken hands")
CONDITIONS: Final = "conditions"
DIRECTIONS: Final[Sequence[Literal["minimize", "maximize"]]] = ("minimize", "maximize", "maximize", "minimize")


@dataclass(frozen=True)
class Entry:
    """A finished trial as stored."""

    number: int
    point: Point
    phase: Phase
    image: Path | None = None
    """Its copy in the artifact store."""


@dataclass
class Ledger:
    """Opens or makes the study `name` in `storage` (a database URL); images go to Optuna's artifact store in `artifacts`."""

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

        return patiently(lambda: self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))

    def drop_unfinished(self) -> int:
        """Marks trials that a killed run left running as failed; their images, if drawn, are in the cache."""
        from optuna.trial import TrialState

        study = self._study
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING))
        for trial in running:
            # Study.tell refuses a trial that was enqueued and never asked for.
            study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
        return len(running)

    def conditions(self) -> Mapping[str, Any]:
        """What was kept by `set_conditions`, as JSON values."""
        held: Mapping[str, Any] = self._study.user_attrs.get(CONDITIONS, {})
        return held

    def set_conditions(self, conditions: Mapping[str, Any]) -> None:
        """Keeps what the trials are made under."""
        self._study.set_user_attr(CONDITIONS, dict(conditions))

    def begin(self, point: Point) -> Trial:
        return patiently(lambda: self._begin(point))

    def _begin(self, point: Point) -> Trial:
        study = self._study
        self.drop_unfinished()
        study.enqueue_trial(self.space.params(point))
        return study.ask(self.space.distributions())

    def finish(
        self, trial: Trial, *, values: Sequence[float], margins: Mapping[str, float], attrs: Mapping[str, Any], image: Path
    ) -> None:
        """Stores the outcome; the trial counts as done only when this returns."""
        patiently(lambda: self._finish(trial, values, margins, attrs, image))

    def _finish(
        self, trial: Trial, values: Sequence[float], margins: Mapping[str, float], attrs: Mapping[str, Any], image: Path
    ) -> None:
        for name, margin in margins.items():
            trial.set_constraint(name, margin)
        study = self._study
        # optuna-dashboard 0.21 reads constraints only from this older place
        study._storage.set_trial_system_attr(trial._trial_id, "constraints", list(margins.values()))
        for key, value in attrs.items():
            trial.set_user_attr(key, value)
        self._attach(trial, image)
        study.tell(trial, list(values), skip_if_finished=True)

    def _attach(self, trial: Trial, image: Path) -> None:
        from optuna.artifacts import FileSystemArtifactStore, upload_artifact

        self.artifacts.mkdir(parents=True, exist_ok=True)
        artifact = upload_artifact(
            artifact_store=FileSystemArtifactStore(str(self.artifacts)), file_path=str(image), study_or_trial=trial
        )
        trial.set_user_attr("artifact", artifact)

    @cached_property
    def _study(self) -> Study:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        # A connection that a restarted server has closed is opened again.
        engine = {} if self.storage.startswith("sqlite") else {"pool_pre_ping": True}
        storage = optuna.storages.RDBStorage(self.storage, engine_kwargs=engine)
        weakref.finalize(self, storage.engine.dispose)
        study = optuna.create_study(
            study_name=self.name,
            storage=storage,
            directions=DIRECTIONS,
            load_if_exists=True,
            sampler=optuna.samplers.RandomSampler(seed=0),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names(list(OBJECTIVES))
        return study

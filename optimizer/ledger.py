"""The Optuna study of one locked seed: every judged point is a trial, with objectives, named constraints and its image.

Several objectives (cost down, worst garment up, identity up, hands down) so that optuna-dashboard shows the trade-offs; the
search itself looks at the cost and the constraints alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from optimizer.point import Point
from optimizer.search import Judged, Phase
from optimizer.space import Space

if TYPE_CHECKING:
    from optuna import Study, Trial

OBJECTIVES = ("total weight", "worst garment", "identity", "broken hands")
DIRECTIONS: Final[Sequence[Literal["minimize", "maximize"]]] = ("minimize", "maximize", "maximize", "minimize")


@dataclass(frozen=True)
class Entry:
    """A finished trial as stored."""

    number: int
    point: Point
    phase: Phase


def trials_of_others(storage: str, prefix: str, name: str, space: Space) -> list[list[tuple[Judged, Mapping[str, Any]]]]:
    """Finished trials of the studies whose names begin with `prefix`, but for `name`: as judged when drawn, and their attributes.

    Trials of other LoRAs than those of the space are left out. Opens nothing that is not there.
    """
    import optuna
    from optuna.trial import TrialState

    wanted = set(space.distributions())
    found: list[list[tuple[Judged, Mapping[str, Any]]]] = []
    for other in sorted(optuna.get_all_study_names(storage)):
        if other == name or not (other.startswith(prefix) and other[len(prefix) :].isdigit()):
            continue
        trials = optuna.load_study(study_name=other, storage=storage).get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        points = [(space.from_params(t.params), t) for t in trials if set(t.params) == wanted]
        found.append([(Judged(p, space.cost(p), dict(t.constraints)), t.user_attrs) for p, t in points])
    return [held for held in found if held]


@dataclass
class Ledger:
    """Opens or makes the study `name` in `storage` (a database URL); images go to Optuna's artifact store in `artifacts`."""

    name: str
    storage: str
    space: Space
    artifacts: Path

    def entries(self) -> list[Entry]:
        """The finished trials in order."""
        from optuna.trial import TrialState

        found = []
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            found.append(Entry(trial.number, self.space.from_params(trial.params), trial.user_attrs["phase"]))
        return found

    def drop_unfinished(self) -> int:
        """Marks trials that a killed run left running as failed; their images, if drawn, are in the cache."""
        from optuna.trial import TrialState

        study = self._study
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING))
        for trial in running:
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
        return len(running)

    def begin(self, point: Point) -> Trial:
        study = self._study
        study.enqueue_trial(self.space.params(point))
        return study.ask(self.space.distributions())

    def finish(
        self, trial: Trial, *, values: Sequence[float], margins: Mapping[str, float], attrs: Mapping[str, Any], image: Path
    ) -> None:
        """Stores the outcome; the trial counts as done only when this returns."""
        for name, margin in margins.items():
            trial.set_constraint(name, margin)
        study = self._study
        # optuna-dashboard 0.21 reads constraints only from this older place
        study._storage.set_trial_system_attr(trial._trial_id, "constraints", list(margins.values()))
        for key, value in attrs.items():
            trial.set_user_attr(key, value)
        self._attach(trial, image)
        study.tell(trial, list(values))

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
        study = optuna.create_study(
            study_name=self.name,
            storage=self.storage,
            directions=DIRECTIONS,
            load_if_exists=True,
            sampler=optuna.samplers.RandomSampler(seed=0),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names(list(OBJECTIVES))
        return study

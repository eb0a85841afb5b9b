"""The judged trials of a storage's other studies, for a sampler that learns from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from models.io.sqlite_url import sqlite_path
from optimizer.control.control import as_lists
from optimizer.point import Point
from optimizer.schedules.schedule import as_pairs
from optimizer.search.judged_point import Judged
from optimizer.search.space import Space
from optimizer.trial_store.optuna_study import SET_ASIDE
from optimizer.trial_store.storages import open_storage

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

SCHEDULES: Final = "schedules"
"""Key of the attribute of a trial in which LoRAs did not act in all steps: start and end by LoRA."""
CONTROLS: Final = "controls"
"""Key of the attribute of a trial in which ControlNets acted: strength and end of each."""


def trials_of_others(url: str, prefix: str, name: str, space: Space) -> list[list[tuple[Judged, Mapping[str, Any]]]]:
    """Finished trials of the studies whose names are `prefix` and a number, but for `name`: as judged when drawn, and their
    attributes.

    Trials of other LoRAs than those of the space, of other files of them, or in other steps, are left out.
    """
    wanted = set(space.distributions())
    found: list[list[tuple[Judged, Mapping[str, Any]]]] = []
    for other, trials in _finished(url, prefix):
        if other != name:
            fits = [t for t in trials if set(t.params) == wanted and space.has_files_of(t.params)]
            points = [(point, t) for t in fits if _drawn_alike(point := space.drawn_point(t.params), t)]
            found.append([(Judged(p, space.cost(p), _violations(t)), t.user_attrs) for p, t in points])
    return [trials for trials in found if trials]


def _drawn_alike(point: Point, trial: FrozenTrial) -> bool:
    """Whether LoRAs and ControlNets acted in the steps of the point. What the study file says of them is no parameter of a
    trial."""
    schedules, controls = (dict(trial.user_attrs.get(key, {})) for key in (SCHEDULES, CONTROLS))
    return schedules == as_pairs(point.acting_schedules()) and controls == as_lists(point.controls)


def artifacts_of(url: str, prefix: str) -> set[str]:
    """Names, in artifact stores, of the images of all finished trials of the studies whose names are `prefix` and a number."""
    trials = (trial for _, trials in _finished(url, prefix) for trial in trials)
    return {str(trial.user_attrs["artifact"]) for trial in trials if "artifact" in trial.user_attrs}


def seeds_with_trials(url: str, prefix: str) -> list[int]:
    """The numbers after `prefix` in the names of studies with finished trials. A storage that was never made is left so."""
    return sorted(int(name[len(prefix) :]) for name, trials in _finished(url, prefix) if trials)


def _finished(url: str, prefix: str) -> Iterator[tuple[str, list[FrozenTrial]]]:
    """Name and finished trials, without those set aside, of each study whose name is `prefix` and a number."""
    import optuna
    from optuna.trial import TrialState

    if (file := sqlite_path(url)) is not None and not file.exists():
        return
    storage = open_storage(url)
    for name in sorted(optuna.get_all_study_names(storage)):
        if name.startswith(prefix) and name[len(prefix) :].isdigit():
            # Optuna asks for a sampler, which it never uses.
            study = optuna.load_study(study_name=name, storage=storage, sampler=optuna.samplers.RandomSampler(seed=0))
            aside = set(study.user_attrs.get(SET_ASIDE) or [])
            trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            yield name, [trial for trial in trials if trial.number not in aside]


def _violations(trial: FrozenTrial) -> dict[str, float]:
    """By constraint. Those that optuna-dashboard reads are stored a second time, by number."""
    return {name: violation for name, violation in trial.constraints.items() if not name.isdigit()}

"""The judged trials of a storage's other studies, for a sampler that learns from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from optimizer.search.judged_point import Judged
from optimizer.search.space import Space
from optimizer.trial_store.storages import open_storage

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def trials_of_others(url: str, prefix: str, name: str, space: Space) -> list[list[tuple[Judged, Mapping[str, Any]]]]:
    """Finished trials of the studies whose names are `prefix` and a number, but for `name`: as judged when drawn, and their
    attributes.

    Trials of other LoRAs than those of the space are left out.
    """
    import optuna
    from optuna.trial import TrialState

    wanted = set(space.distributions())
    found: list[list[tuple[Judged, Mapping[str, Any]]]] = []
    storage = open_storage(url)
    for other in sorted(optuna.get_all_study_names(storage)):
        if other == name or not (other.startswith(prefix) and other[len(prefix) :].isdigit()):
            continue
        # Optuna asks for a sampler, which it never uses.
        study = optuna.load_study(study_name=other, storage=storage, sampler=optuna.samplers.RandomSampler(seed=0))
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        points = [(space.from_params(t.params), t) for t in trials if set(t.params) == wanted]
        found.append([(Judged(p, space.cost(p), _violations(t)), t.user_attrs) for p, t in points])
    return [trials for trials in found if trials]


def _violations(trial: FrozenTrial) -> dict[str, float]:
    """By constraint. Those that optuna-dashboard reads are stored a second time, by number."""
    return {name: violation for name, violation in trial.constraints.items() if not name.isdigit()}

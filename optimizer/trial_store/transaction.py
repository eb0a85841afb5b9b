"""Stores a finished trial in Optuna's database at once.

Optuna itself asks and writes for each attribute alone, which for one of our trials is more than the render loop should wait.
The rows are those that Optuna 5 writes (schema v3.2.0, `optuna.storages._rdb.models`): a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial
    from sqlalchemy.orm import Session


def store_trial(
    storage: BaseStorage, study_id: int, trial: FrozenTrial, note: Callable[[int, int], Mapping[str, Any]]
) -> tuple[int, int]:
    """Returns the trial's id and its number. `note` is given both, and gives new system attributes of the study to store with it.

    `storage` is one that `optuna.storages.get_storage` gave for a database URL.
    """
    from optuna.storages._rdb import models
    from sqlalchemy import func, insert, select

    backend: Any = storage._backend  # type: ignore[attr-defined]
    with backend.scoped_session() as session, session.begin():
        models.StudyModel.find_or_raise_by_id(study_id, session, for_update=True)
        earlier = session.execute(select(func.count()).where(models.TrialModel.study_id == study_id)).scalar_one()
        row = models.TrialModel(
            study_id=study_id,
            number=earlier,
            state=trial.state,
            datetime_start=trial.datetime_start,
            datetime_complete=trial.datetime_complete,
        )
        session.add(row)
        session.flush()
        identity, number = int(row.trial_id), int(row.number)
        _insert_values(session, identity, trial)
        of_study = [{"study_id": study_id, **pair} for pair in _pairs(note(identity, number))]
        if of_study:
            session.execute(insert(models.StudySystemAttributeModel.__table__), of_study)
    return identity, number


def _insert_values(session: Session, identity: int, trial: FrozenTrial) -> None:
    from optuna.distributions import distribution_to_json
    from optuna.storages._rdb import models
    from sqlalchemy import insert

    values = []
    for objective, value in enumerate(trial.values):
        stored, kind = models.TrialValueModel.value_to_stored_repr(value)
        values.append({"objective": objective, "value": stored, "value_type": kind})
    params = [
        {
            "param_name": name,
            "param_value": trial.distributions[name].to_internal_repr(value),
            "distribution_json": distribution_to_json(trial.distributions[name]),
        }
        for name, value in trial.params.items()
    ]
    for model, rows in (
        (models.TrialValueModel, values),
        (models.TrialParamModel, params),
        (models.TrialUserAttributeModel, _pairs(trial.user_attrs)),
        (models.TrialSystemAttributeModel, _pairs(trial.system_attrs)),
    ):
        if rows:
            session.execute(insert(model.__table__), [{"trial_id": identity, **row} for row in rows])


def _pairs(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value_json": json.dumps(value)} for key, value in attributes.items()]

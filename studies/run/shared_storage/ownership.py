"""Whose trials a shared storage has under a study's name: those of another study of that name are never taken for this one's.

A row in the storage itself records the workspace of each study. A storage in the workspace is its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.io.sqlite_url import sqlite_path
from models.language.translate import phrase
from optimizer.trial_store.other_trials import artifacts_of
from studies.run.shared_storage.engine import create_table, open_engine, unusable_storage
from studies.workspace import Identity, here, identity_from, identity_of, stored_identity

if TYPE_CHECKING:
    from sqlalchemy import Engine, Table

    from studies.study import Study

TABLE: Final = "huanhua_studies"


def check_owner(study: Study) -> None:
    """Raises InputError if a shared storage has another study of this name. Writes nothing."""
    file = sqlite_path(study.storage_url)
    if study.spec.tracking.storage is None or (file is not None and not file.exists()):
        return
    with _opened(study) as (engine, table):
        owner = _owner(engine, table, study)
    if not _ours(study, owner, stored_identity(study.workspace)):
        raise _refusal(study, owner)


def claim(study: Study) -> None:
    """As `check_owner`; and records that the study of this name is that of this workspace, which must exist."""
    identity = identity_of(study.workspace)
    if study.spec.tracking.storage is None:
        return
    with _opened(study) as (engine, table):
        create_table(engine, table)
        owner = _owner(engine, table, study)
        ours = _ours(study, owner, identity)
        if ours and owner != identity and not _recorded(engine, table, study, owner, identity):
            # Another process was faster.
            owner = _owner(engine, table, study)
            ours = _ours(study, owner, identity)
    if not ours:
        raise _refusal(study, owner)


def _ours(study: Study, owner: Identity | None, identity: Identity | None) -> bool:
    if owner is not None:
        # A workspace that was deleted is drawn anew at its place.
        return (identity is not None and owner.id == identity.id) or (owner.place, owner.host) == here(study.workspace)
    names = artifacts_of(study.storage_url, f"{study.spec.name}-seed-")
    # Earlier versions recorded nothing; but each trial's image has a name of its own, and lies with whoever drew it.
    return not names or any((study.workspace.artifacts / name).is_file() for name in names)


def _refusal(study: Study, owner: Identity | None) -> InputError:
    whose = phrase("of another workspace") if owner is None else phrase("with its workspace in {owner}", owner=owner)
    mend = "give this one a `name` of its own in study.yaml, or go on with that one from its own workspace"
    return InputError(phrase("the storage has another study of this name, {whose}", whose=whose), study.spec.name, mend)


@contextmanager
def _opened(study: Study) -> Iterator[tuple[Engine, Table]]:
    from sqlalchemy import Column, MetaData, String, Table, Text

    table = Table(TABLE, MetaData(), Column("study", String(255), primary_key=True), Column("workspace", Text, nullable=False))
    engine = open_engine(study.storage_url)
    try:
        with unusable_storage():
            yield engine, table
    finally:
        engine.dispose()


def _owner(engine: Engine, table: Table, study: Study) -> Identity | None:
    from sqlalchemy import inspect

    if not inspect(engine).has_table(TABLE):
        return None
    with engine.connect() as connection:
        row = connection.execute(table.select().where(table.c.study == study.spec.name)).one_or_none()
    return None if row is None else identity_from(row.workspace, "tracking.storage")


def _recorded(engine: Engine, table: Table, study: Study, owner: Identity | None, identity: Identity) -> bool:
    """Whether no other process recorded another workspace meanwhile."""
    from sqlalchemy.exc import IntegrityError

    name, text = study.spec.name, json.dumps(asdict(identity))
    try:
        with engine.begin() as connection:
            if owner is None:
                connection.execute(table.insert().values(study=name, workspace=text))
                return True
            same = (table.c.study == name) & (table.c.workspace == json.dumps(asdict(owner)))
            return connection.execute(table.update().where(same).values(workspace=text)).rowcount == 1
    except IntegrityError:
        return False

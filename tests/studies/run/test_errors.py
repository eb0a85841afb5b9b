"""What a machine does to a run is one line, and the run goes on afterwards."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import sqlalchemy

from models.errors import InputError
from studies.run.errors import one_line
from studies.run.trials import trial_store_of
from studies.testing.lab_study import run, study_in


def test_a_disk_that_fills_up_is_one_line_and_the_study_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync, left = os.fsync, 30

    def full(descriptor: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device", "x.png")
        sync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr("models.io.files.os.fsync", full)
        with pytest.raises(InputError, match=r"the disk is full: x.png"), one_line():
            run(study_in(tmp_path))
    assert not list(tmp_path.rglob("*.partial"))
    kept = [entry.number for entry in trial_store_of(study_in(tmp_path), 7).entries()]
    outcome = run(study_in(tmp_path))
    assert [t.number for t in outcome.trials][: len(kept)] == kept
    assert len(outcome.trials) == 12


def test_a_storage_that_is_full_is_one_line(tmp_path: Path) -> None:
    run(study_in(tmp_path), budget=4)
    engine = sqlalchemy.create_engine(study_in(tmp_path).storage_url)

    def fill() -> None:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("pragma max_page_count = 1"))
            connection.execute(sqlalchemy.text("create table much (x text)"))
            connection.execute(sqlalchemy.text("insert into much values (:x)"), {"x": "x" * 10**6})

    with pytest.raises(InputError, match="the disk is full: the study's storage"), one_line():
        fill()
    engine.dispose()


def test_other_errors_are_not_touched() -> None:
    with pytest.raises(ZeroDivisionError), one_line():
        raise ZeroDivisionError
    with pytest.raises(PermissionError), one_line():
        raise PermissionError(errno.EACCES, "no")

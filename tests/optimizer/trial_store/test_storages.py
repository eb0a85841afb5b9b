"""Storages open, whoever makes them at the same moment."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from models.errors import InputError
from optimizer.trial_store import storages
from optimizer.trial_store.storages import open_storage

RUNS = 4


def test_runs_that_start_together_make_one_storage(tmp_path: Path) -> None:
    for round_ in range(5):
        together = Barrier(RUNS)
        url = f"sqlite:///{tmp_path / f'{round_}.db'}"

        def opened(_: int, together: Barrier = together, url: str = url) -> list[str]:
            together.wait()
            return [study.study_name for study in open_storage(url).get_all_studies()]

        with ThreadPoolExecutor(RUNS) as pool:
            assert list(pool.map(opened, range(RUNS))) == [[]] * RUNS


def test_a_storage_that_stays_locked_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storages, "WAIT_S", 0.2)
    path = tmp_path / "optuna.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("CREATE TABLE held (x)")
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(InputError, match=r"database is locked.*another program holds it"):
            open_storage(f"sqlite:///{path}")
